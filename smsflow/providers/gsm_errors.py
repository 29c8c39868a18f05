"""The errors that go with a status: the manual's tables "Errors groups" and "GSM Error Codes".

They say why a handset was not reached, for people who read a failed text's story: no decision of
ours hangs on them, the status alone decides. Ids, groups, names and permanence are the manual's,
misspellings too, since they are what is compared; the descriptions are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from smsflow.providers.codes import Retry


class ErrorGroup(IntEnum):
    """Whose fault an error is, by the manual's "Errors groups"."""

    OK = 0
    HANDSET_ERRORS = 1
    USER_ERRORS = 2
    OPERATOR_ERRORS = 3

    @property
    def description(self) -> str:
        """Whose fault it is."""
        return _FAULTS[self]


_FAULTS = {
    ErrorGroup.OK: "nobody's fault",
    ErrorGroup.HANDSET_ERRORS: "the phone or its line",
    ErrorGroup.USER_ERRORS: "the text or the request",
    ErrorGroup.OPERATOR_ERRORS: "the operator",
}


@dataclass(frozen=True, slots=True)
class GsmError:
    """One row of the manual's "GSM Error Codes"."""

    id: int
    group: ErrorGroup
    name: str
    description: str
    permanent: bool = False

    @property
    def retry(self) -> Retry:
        """What may help a text that met it."""
        if self.group is ErrorGroup.OK:
            return Retry.NOT_NEEDED
        if self.group is ErrorGroup.OPERATOR_ERRORS:
            return Retry.ELSEWHERE
        return Retry.NEVER if self.permanent else Retry.LATER


def error_named(name: str) -> GsmError | None:
    """The row of that name, in any spelling of its underscores; None when nobody knows it."""
    return _BY_NAME.get(name.replace("_", "").replace(" ", "").upper())


def error_name(error: Mapping[str, object]) -> str | None:
    """Return the name of an error object, or None when it says that all is well.

    An error without a name is named by its id, and one that nobody knows by `error <id>`.
    """
    name, id_ = error.get("name"), error.get("id")
    if isinstance(name, str) and name.strip():
        # Some answers have spaces where the table has underscores.
        spelt = "_".join(name.replace("_", " ").split())[:100]
        return None if spelt == "NO_ERROR" else spelt
    if not isinstance(id_, int) or id_ == 0:
        return None
    known = ERRORS.get(id_)
    return known.name if known else f"error {id_}"


_OK = ErrorGroup.OK
_HANDSET = ErrorGroup.HANDSET_ERRORS
_USER = ErrorGroup.USER_ERRORS
_OPERATOR = ErrorGroup.OPERATOR_ERRORS

_TABLE = (
    GsmError(0, _OK, "NO_ERROR", "all is well"),
    GsmError(1, _HANDSET, "EC_UNKNOWN_SUBSCRIBER", "the number is given to nobody", permanent=True),
    GsmError(
        5, _HANDSET, "EC_UNIDENTIFIED_SUBSCRIBER", "the operator does not know the subscriber"
    ),
    GsmError(6, _HANDSET, "EC_ABSENT_SUBSCRIBER_SM", "the phone is off or out of reach"),
    GsmError(
        9,
        _HANDSET,
        "EC_ILLEGAL_SUBSCRIBER",
        "the subscriber may not use the network",
        permanent=True,
    ),
    GsmError(
        10,
        _OPERATOR,
        "EC_BEARER_SERVICE_NOT_PROVISIONED",
        "the operator gives this line no data service",
        permanent=True,
    ),
    GsmError(11, _HANDSET, "EC_TELESERVICE_NOT_PROVISIONED", "the line has no SMS", permanent=True),
    GsmError(
        12, _HANDSET, "EC_ILLEGAL_EQUIPMENT", "the phone is barred from the network", permanent=True
    ),
    GsmError(13, _HANDSET, "EC_CALL_BARRED", "the line is barred from receiving"),
    GsmError(20, _OPERATOR, "EC_SS_INCOMPATIBILITY", "a service of the line stands in the way"),
    GsmError(21, _HANDSET, "EC_FACILITY_NOT_SUPPORTED", "the network cannot do what was asked"),
    GsmError(27, _HANDSET, "EC_ABSENT_SUBSCRIBER", "the phone is off or out of reach"),
    GsmError(31, _HANDSET, "EC_SUBSCRIBER_BUSY_FOR_MT_SMS", "the phone was busy with another text"),
    GsmError(32, _HANDSET, "EC_SM_DELIVERY_FAILURE", "the phone did not take the text"),
    GsmError(33, _HANDSET, "EC_MESSAGE_WAITING_LIST_FULL", "too many texts wait for this phone"),
    GsmError(34, _HANDSET, "EC_SYSTEM_FAILURE", "the network failed"),
    GsmError(35, _HANDSET, "EC_DATA_MISSING", "a value is missing"),
    GsmError(36, _HANDSET, "EC_UNEXPECTED_DATA_VALUE", "a value is not what was expected"),
    GsmError(
        51, _OPERATOR, "EC_RESOURCE_LIMITATION", "the network is out of resources", permanent=True
    ),
    GsmError(71, _OPERATOR, "EC_UNKNOWN_ALPHABET", "the network does not know the alphabet"),
    GsmError(72, _HANDSET, "EC_USSD_BUSY", "the line was busy with a USSD session", permanent=True),
    GsmError(255, _HANDSET, "EC_UNKNOWN_ERROR", "the network gave no reason"),
    GsmError(256, _HANDSET, "EC_SM_DF_MEMORYCAPACITYEXCEEDED", "the phone's memory is full"),
    GsmError(257, _HANDSET, "EC_SM_DF_EQUIPMENTPROTOCOLERROR", "the phone answered wrongly"),
    GsmError(258, _HANDSET, "EC_SM_DF_EQUIPMENTNOTSM_EQUIPPED", "the phone cannot take texts"),
    GsmError(259, _HANDSET, "EC_SM_DF_UNKNOWNSERVICECENTRE", "the service centre is unknown"),
    GsmError(260, _HANDSET, "EC_SM_DF_SC_CONGESTION", "the service centre is congested"),
    GsmError(261, _HANDSET, "EC_SM_DF_INVALIDSME_ADDRESS", "the sender's address is not valid"),
    GsmError(
        262,
        _HANDSET,
        "EC_SM_DF_SUBSCRIBERNOTSC_SUBSCRIBER",
        "the subscriber is not of that service centre",
    ),
    GsmError(500, _HANDSET, "EC_PROVIDER_GENERAL_ERROR", "the provider failed"),
    GsmError(501, _OPERATOR, "EC_INVALID_RESPONSE_RECEIVED", "the answer could not be understood"),
    GsmError(502, _HANDSET, "EC_NO_RESPONSE", "no answer came"),
    GsmError(503, _HANDSET, "EC_SERVICE_COMPLETION_FAILURE", "the service was not completed"),
    GsmError(
        504, _HANDSET, "EC_UNEXPECTED_RESPONSE_FROM_PEE", "the peer answered what nobody expected"
    ),
    GsmError(507, _HANDSET, "EC_MISTYPED_PARAMETER", "a parameter had the wrong type"),
    GsmError(508, _HANDSET, "EC_NOT_SUPPORTED_SERVICE", "the service is not supported"),
    GsmError(509, _HANDSET, "EC_DUPLICATED_INVOKE_ID", "an id of the signalling was used twice"),
    GsmError(
        511, _HANDSET, "EC_INITIATING_RELEASE", "the other side ended the dialogue", permanent=True
    ),
    GsmError(
        1024, _HANDSET, "EC_OR_APPCONTEXTNOTSUPPORTED", "the application context is not supported"
    ),
    GsmError(
        1025,
        _HANDSET,
        "EC_OR_INVALIDDESTINATIONREFERENCE",
        "the destination reference is not valid",
    ),
    GsmError(
        1026,
        _HANDSET,
        "EC_OR_INVALIDORIGINATINGREFERENCE",
        "the originating reference is not valid",
    ),
    GsmError(
        1027,
        _HANDSET,
        "EC_OR_ENCAPSULATEDAC_NOTSUPPORTED",
        "the encapsulated context is not supported",
    ),
    GsmError(
        1028,
        _HANDSET,
        "EC_OR_TRANSPORTPROTECTIONNOTADEQUATE",
        "the transport is not protected enough",
    ),
    GsmError(1029, _HANDSET, "EC_OR_NOREASONGIVEN", "the dialogue was refused without a reason"),
    GsmError(
        1030, _HANDSET, "EC_OR_POTENTIALVERSIONINCOMPATIBILITY", "the versions may not fit together"
    ),
    GsmError(1031, _HANDSET, "EC_OR_REMOTENODENOTREACHABLE", "the remote node cannot be reached"),
    GsmError(
        1152,
        _HANDSET,
        "EC_NNR_NOTRANSLATIONFORANADDRESSOFSUCHNATURE",
        "no route for this kind of address",
    ),
    GsmError(
        1153,
        _HANDSET,
        "EC_NNR_NOTRANSLATIONFORTHISSPECIFICADDRESS",
        "no route for this very address",
    ),
    GsmError(1154, _HANDSET, "EC_NNR_SUBSYSTEMCONGESTION", "a part of the network is congested"),
    GsmError(1155, _HANDSET, "EC_NNR_SUBSYSTEMFAILURE", "a part of the network failed"),
    GsmError(1156, _HANDSET, "EC_NNR_UNEQUIPPEDUSER", "the other end lacks the equipment"),
    GsmError(1157, _HANDSET, "EC_NNR_MTPFAILURE", "the message transfer failed"),
    GsmError(1158, _HANDSET, "EC_NNR_NETWORKCONGESTION", "the network is congested"),
    GsmError(1159, _HANDSET, "EC_NNR_UNQUALIFIED", "the network gave no closer reason"),
    GsmError(1160, _HANDSET, "EC_NNR_ERRORINMESSAGETRANSPORTXUDT", "an error on the way"),
    GsmError(1161, _HANDSET, "EC_NNR_ERRORINLOCALPROCESSINGXUDT", "an error in local processing"),
    GsmError(
        1162,
        _HANDSET,
        "EC_NNR_DESTINATIONCANNOTPERFORMREASSEMBLYXUDT",
        "the other end cannot join the pieces",
    ),
    GsmError(1163, _HANDSET, "EC_NNR_SCCPFAILURE", "the signalling connection failed"),
    GsmError(1164, _HANDSET, "EC_NNR_HOPCOUNTERVIOLATION", "too many hops"),
    GsmError(1165, _HANDSET, "EC_NNR_SEGMENTATIONNOTSUPPORTED", "pieces are not supported"),
    GsmError(1166, _HANDSET, "EC_NNR_SEGMENTATIONFAILURE", "cutting into pieces failed"),
    GsmError(1281, _HANDSET, "EC_UA_USERSPECIFICREASON", "the other user's own reason"),
    GsmError(1282, _HANDSET, "EC_UA_USERRESOURCELIMITATION", "the other user is out of resources"),
    GsmError(1283, _HANDSET, "EC_UA_RESOURCEUNAVAILABLE", "a resource is missing for now"),
    GsmError(
        1284, _HANDSET, "EC_UA_APPLICATIONPROCEDURECANCELLATION", "the application cancelled it"
    ),
    GsmError(1536, _HANDSET, "EC_PA_PROVIDERMALFUNCTION", "the network's provider failed"),
    GsmError(
        1537,
        _HANDSET,
        "EC_PA_SUPPORTINGDIALOGORTRANSACTIONREALEASED",
        "the dialogue below it ended",
    ),
    GsmError(
        1538, _HANDSET, "EC_PA_RESSOURCELIMITATION", "the network's provider is out of resources"
    ),
    GsmError(1539, _HANDSET, "EC_PA_MAINTENANCEACTIVITY", "maintenance"),
    GsmError(1540, _HANDSET, "EC_PA_VERSIONINCOMPATIBILITY", "the versions do not fit together"),
    GsmError(1541, _HANDSET, "EC_PA_ABNORMALMAPDIALOG", "a dialogue went wrong"),
    GsmError(1792, _HANDSET, "EC_NC_ABNORMALEVENTDETECTEDBYPEER", "the peer noticed something odd"),
    GsmError(1793, _HANDSET, "EC_NC_RESPONSEREJECTEDBYPEER", "the peer refused the response"),
    GsmError(
        1794, _HANDSET, "EC_NC_ABNORMALEVENTRECEIVEDFROMPEER", "the peer told of something odd"
    ),
    GsmError(
        1795,
        _HANDSET,
        "EC_NC_MESSAGECANNOTBEDELIVEREDTOPEER",
        "the peer could not be given the text",
    ),
    GsmError(1796, _HANDSET, "EC_NC_PROVIDEROUTOFINVOKE", "too many open requests"),
    GsmError(2048, _OPERATOR, "EC_TIME_OUT", "the network took too long"),
    GsmError(2049, _USER, "EC_IMSI_BLACKLISTED", "the subscriber is blocked", permanent=True),
    GsmError(
        2050,
        _OPERATOR,
        "EC_DEST_ADDRESS_BLACKLISTED",
        "the number is on a do-not-disturb list",
        permanent=True,
    ),
    GsmError(2051, _OPERATOR, "EC_INVALIDMSCADDRESS", "the text is blocked"),
    GsmError(4096, _USER, "EC_INVALID_PDU_FORMAT", "the text is coded wrongly", permanent=True),
    GsmError(4097, _OPERATOR, "EC_NOTSUBMITTEDTOGMSC", "it did not reach the gateway"),
    GsmError(4100, _USER, "EC_MESSAGE_CANCELED", "the text was cancelled", permanent=True),
    GsmError(4101, _USER, "EC_VALIDITYEXPIRED", "its validity ran out", permanent=True),
    GsmError(
        4102,
        _OPERATOR,
        "EC_NOTSUBMITTEDTOSMPPCHANNEL",
        "it did not reach the SMPP channel",
        permanent=True,
    ),
    GsmError(5000, _OK, "VOICE_ANSWERED", "a person took the call", permanent=True),
    GsmError(5001, _OK, "VOICE_ANSWERED_MACHINE", "a machine took the call", permanent=True),
    GsmError(5002, _USER, "EC_VOICE_USER_BUSY", "the line was busy", permanent=True),
    GsmError(5003, _USER, "EC_VOICE_NO_ANSWER", "nobody took the call", permanent=True),
    GsmError(
        5004,
        _USER,
        "EC_VOICE_ERROR_DOWNLOADING_FILE",
        "the file for the call could not be fetched",
        permanent=True,
    ),
    GsmError(
        5005,
        _USER,
        "EC_VOICE_ERROR_UNSUPPORTED_AUDIO_FORMAT",
        "the file for the call has a wrong format",
        permanent=True,
    ),
)

ERRORS = {error.id: error for error in _TABLE}
_BY_NAME = {error.name.replace("_", ""): error for error in _TABLE}
