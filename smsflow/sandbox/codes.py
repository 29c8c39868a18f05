"""The provider's own tables: what can become of a text, and why.

Copied from the manual's section "Response codes", so that any code of it can be scripted. Two
statuses share the name REJECTED_DESTINATION (14 and 52): by name it is 14, so ask for 52 by id.
"""

from __future__ import annotations

from dataclasses import dataclass

STATUS_GROUPS = {
    0: "ACCEPTED",
    1: "PENDING",
    2: "UNDELIVERABLE",
    3: "DELIVERED",
    4: "EXPIRED",
    5: "REJECTED",
}
ERROR_GROUPS = {0: "OK", 1: "HANDSET_ERRORS", 2: "USER_ERRORS", 3: "OPERATOR_ERRORS"}


@dataclass(frozen=True, slots=True)
class Status:
    """What became of a text; manual section "Statuses"."""

    id: int
    group: int
    name: str
    description: str
    action: str | None = None

    @property
    def group_name(self) -> str:
        """The name of the status's group, such as PENDING."""
        return STATUS_GROUPS[self.group]

    @property
    def open(self) -> bool:
        """True while the network still has work to do on the text."""
        return self.group <= 1

    @property
    def refused(self) -> bool:
        """True when the text was turned down (group 5)."""
        return self.group == 5


@dataclass(frozen=True, slots=True)
class GsmError:
    """Why a text did not arrive; manual section "GSM Error Codes"."""

    id: int
    group: int
    name: str
    description: str
    permanent: bool = False

    @property
    def group_name(self) -> str:
        """The name of the error's group, such as HANDSET_ERRORS."""
        return ERROR_GROUPS[self.group]


_STATUSES = (
    Status(0, 0, "MESSAGE_ACCEPTED", "Message accepted"),
    Status(1, 1, "PENDING_TIME_VIOLATION", "Time window violation"),
    Status(2, 3, "DELIVERED_TO_OPERATOR", "Message delivered to operator"),
    Status(3, 1, "PENDING_WAITING_DELIVERY", "Message sent, waiting for delivery report"),
    Status(4, 2, "UNDELIVERABLE_REJECTED_OPERATOR", "Message rejected by operator"),
    Status(5, 3, "DELIVERED_TO_HANDSET", "Message delivered to handset"),
    Status(6, 5, "REJECTED_NETWORK", "Network is forbidden", "Contact account manager"),
    Status(7, 1, "PENDING_ENROUTE", "Message sent to next instance"),
    Status(8, 5, "REJECTED_PREFIX_MISSING", "Number prefix missing"),
    Status(9, 2, "UNDELIVERABLE_NOT_DELIVERED", "Message sent not delivered"),
    Status(10, 5, "REJECTED_DND", "Destination on DND list"),
    Status(11, 5, "REJECTED_SOURCE", "Invalid Source address"),
    Status(12, 5, "REJECTED_NOT_ENOUGH_CREDITS", "Not enough credits"),
    Status(13, 5, "REJECTED_SENDER", "By Sender", "Remove sender from blacklist"),
    Status(14, 5, "REJECTED_DESTINATION", "By Destination", "Remove destination from blacklist"),
    Status(15, 4, "EXPIRED_EXPIRED", "Message expired"),
    Status(16, 5, "REJECTED_NOT_REACHABLE", "Network not reachable"),
    Status(
        17,
        5,
        "REJECTED_PREPAID_PACKAGE_EXPIRED",
        "Prepaid package expired",
        "Top-Up your account to extend the validity period",
    ),
    Status(18, 5, "REJECTED_DESTINATION_NOT_REGISTERED", "Destination not registered"),
    Status(19, 5, "REJECTED_ROUTE_NOT_AVAILABLE", "Route not available", "Contact account manager"),
    Status(20, 5, "REJECTED_FLOODING_FILTER", "Rejected flooding", "STOP SPAMMING"),
    Status(21, 5, "REJECTED_SYSTEM_ERROR", "System error", "Try again"),
    Status(22, 4, "EXPIRED_UNKNOWN", "Unknown Reason"),
    Status(23, 5, "REJECTED_DUPLICATE_MESSAGE_ID", "Rejected duplicate message ID"),
    Status(24, 5, "REJECTED_INVALID_UDH", "Rejected invalid UDH"),
    Status(25, 5, "REJECTED_MESSAGE_TOO_LONG", "Rejected message too long"),
    Status(26, 1, "PENDING_ACCEPTED", "Pending Accepted"),
    Status(27, 1, "PENDING_APPROVAL", "Pending Approval"),
    Status(28, 5, "REJECTED_NOT_SENT", "Rejected Not Sent"),
    Status(29, 4, "EXPIRED_DLR_UNKNOWN", "Expired DLR Unknown"),
    Status(30, 3, "DELIVERED", "MO forwarded action completed"),
    Status(31, 2, "UNDELIVERABLE_NOT_SENT", "Message not sent"),
    Status(51, 5, "MISSING_TO", "Missing destination", "Check to parameter."),
    Status(52, 5, "REJECTED_DESTINATION", "Invalid destination address.", "Check to parameter."),
)

# 504 and 508 are spelt as the manual spells them.
_ERRORS = (
    GsmError(0, 0, "NO_ERROR", "No Error"),
    GsmError(1, 1, "EC_UNKNOWN_SUBSCRIBER", "Unknown Subscriber", True),
    GsmError(5, 1, "EC_UNIDENTIFIED_SUBSCRIBER", "Unidentified Subscriber"),
    GsmError(6, 1, "EC_ABSENT_SUBSCRIBER_SM", "Absent Subscriber"),
    GsmError(9, 1, "EC_ILLEGAL_SUBSCRIBER", "Illegal Subscriber", True),
    GsmError(10, 3, "EC_BEARER_SERVICE_NOT_PROVISIONED", "Bearer Service Not Provisioned", True),
    GsmError(11, 1, "EC_TELESERVICE_NOT_PROVISIONED", "Teleservice Not Provisioned", True),
    GsmError(12, 1, "EC_ILLEGAL_EQUIPMENT", "Illegal Equipment", True),
    GsmError(13, 1, "EC_CALL_BARRED", "Call Barred"),
    GsmError(20, 3, "EC_SS_INCOMPATIBILITY", "SS Incompatibility"),
    GsmError(21, 1, "EC_FACILITY_NOT_SUPPORTED", "Facility Not Supported"),
    GsmError(27, 1, "EC_ABSENT_SUBSCRIBER", "Absent Subscriber"),
    GsmError(31, 1, "EC_SUBSCRIBER_BUSY_FOR_MT_SMS", "Subscriber Busy For Mt SMS"),
    GsmError(32, 1, "EC_SM_DELIVERY_FAILURE", "SM Delivery Failure"),
    GsmError(33, 1, "EC_MESSAGE_WAITING_LIST_FULL", "Message Waiting List Full"),
    GsmError(34, 1, "EC_SYSTEM_FAILURE", "System Failure"),
    GsmError(35, 1, "EC_DATA_MISSING", "Data Missing"),
    GsmError(36, 1, "EC_UNEXPECTED_DATA_VALUE", "Unexpected Data Value"),
    GsmError(51, 3, "EC_RESOURCE_LIMITATION", "Resource Limitation", True),
    GsmError(71, 3, "EC_UNKNOWN_ALPHABET", "Unknown Alphabet"),
    GsmError(72, 1, "EC_USSD_BUSY", "Ussd Busy", True),
    GsmError(255, 1, "EC_UNKNOWN_ERROR", "Unknown Error"),
    GsmError(256, 1, "EC_SM_DF_MEMORYCAPACITYEXCEEDED", "SM DF Memory Capacity Exceeded"),
    GsmError(257, 1, "EC_SM_DF_EQUIPMENTPROTOCOLERROR", "SM DF Equipment Protocol Error"),
    GsmError(258, 1, "EC_SM_DF_EQUIPMENTNOTSM_EQUIPPED", "SM DF Equipment Not SM Equipped"),
    GsmError(259, 1, "EC_SM_DF_UNKNOWNSERVICECENTRE", "SM DF Unknown Service Centre"),
    GsmError(260, 1, "EC_SM_DF_SC_CONGESTION", "SM DF Sc Congestion"),
    GsmError(261, 1, "EC_SM_DF_INVALIDSME_ADDRESS", "SM DF InvalidSME Address"),
    GsmError(262, 1, "EC_SM_DF_SUBSCRIBERNOTSC_SUBSCRIBER", "SM DF Subscribernotsc Subscriber"),
    GsmError(500, 1, "EC_PROVIDER_GENERAL_ERROR", "Provider General Error"),
    GsmError(501, 3, "EC_INVALID_RESPONSE_RECEIVED", "Invalid Response Received"),
    GsmError(502, 1, "EC_NO_RESPONSE", "No Response"),
    GsmError(503, 1, "EC_SERVICE_COMPLETION_FAILURE", "Service Completion Failure"),
    GsmError(504, 1, "EC_UNEXPECTED_RESPONSE_FROM_PEE", "Unexpected Response From Peer"),
    GsmError(507, 1, "EC_MISTYPED_PARAMETER", "Mistyped Parameter"),
    GsmError(508, 1, "EC_NOT_SUPPORTED_SERVICE", "Supported Service"),
    GsmError(509, 1, "EC_DUPLICATED_INVOKE_ID", "Duplicated Invoke Id"),
    GsmError(511, 1, "EC_INITIATING_RELEASE", "Initiating Release", True),
    GsmError(1024, 1, "EC_OR_APPCONTEXTNOTSUPPORTED", "App Context Not Supported"),
    GsmError(1025, 1, "EC_OR_INVALIDDESTINATIONREFERENCE", "Invalid Destination Reference"),
    GsmError(1026, 1, "EC_OR_INVALIDORIGINATINGREFERENCE", "Invalid Originating Reference"),
    GsmError(1027, 1, "EC_OR_ENCAPSULATEDAC_NOTSUPPORTED", "Encapsulated AC Not Supported"),
    GsmError(1028, 1, "EC_OR_TRANSPORTPROTECTIONNOTADEQUATE", "Transport Protection Not Adequate"),
    GsmError(1029, 1, "EC_OR_NOREASONGIVEN", "No Reason Given"),
    GsmError(1030, 1, "EC_OR_POTENTIALVERSIONINCOMPATIBILITY", "Potential Version Incompatibility"),
    GsmError(1031, 1, "EC_OR_REMOTENODENOTREACHABLE", "Remote Node Not Reachable"),
    GsmError(
        1152,
        1,
        "EC_NNR_NOTRANSLATIONFORANADDRESSOFSUCHNATURE",
        "No Translation For An Address Of Such Nature",
    ),
    GsmError(
        1153,
        1,
        "EC_NNR_NOTRANSLATIONFORTHISSPECIFICADDRESS",
        "No Translation For This Specific Address",
    ),
    GsmError(1154, 1, "EC_NNR_SUBSYSTEMCONGESTION", "Subsystem Congestion"),
    GsmError(1155, 1, "EC_NNR_SUBSYSTEMFAILURE", "Subsystem Failure"),
    GsmError(1156, 1, "EC_NNR_UNEQUIPPEDUSER", "Unequipped User"),
    GsmError(1157, 1, "EC_NNR_MTPFAILURE", "MTP Failure"),
    GsmError(1158, 1, "EC_NNR_NETWORKCONGESTION", "Network Congestion"),
    GsmError(1159, 1, "EC_NNR_UNQUALIFIED", "Unqualified"),
    GsmError(1160, 1, "EC_NNR_ERRORINMESSAGETRANSPORTXUDT", "Error In Message Transport XUDT"),
    GsmError(1161, 1, "EC_NNR_ERRORINLOCALPROCESSINGXUDT", "Error In Local Processing XUDT"),
    GsmError(
        1162,
        1,
        "EC_NNR_DESTINATIONCANNOTPERFORMREASSEMBLYXUDT",
        "Destination Cannot Perform Reassembly XUDT",
    ),
    GsmError(1163, 1, "EC_NNR_SCCPFAILURE", "SCCP Failure"),
    GsmError(1164, 1, "EC_NNR_HOPCOUNTERVIOLATION", "Hop Counter Violation"),
    GsmError(1165, 1, "EC_NNR_SEGMENTATIONNOTSUPPORTED", "Segmentation Not Supported"),
    GsmError(1166, 1, "EC_NNR_SEGMENTATIONFAILURE", "Segmentation Failure"),
    GsmError(1281, 1, "EC_UA_USERSPECIFICREASON", "User Specific Reason"),
    GsmError(1282, 1, "EC_UA_USERRESOURCELIMITATION", "User Resource Limitation"),
    GsmError(1283, 1, "EC_UA_RESOURCEUNAVAILABLE", "Resource Unavailable"),
    GsmError(
        1284, 1, "EC_UA_APPLICATIONPROCEDURECANCELLATION", "Application Procedure Cancellation"
    ),
    GsmError(1536, 1, "EC_PA_PROVIDERMALFUNCTION", "Provider Malfunction"),
    GsmError(
        1537,
        1,
        "EC_PA_SUPPORTINGDIALOGORTRANSACTIONREALEASED",
        "Supporting Dialog Or Transaction Realeased",
    ),
    GsmError(1538, 1, "EC_PA_RESSOURCELIMITATION", "Ressource Limitation"),
    GsmError(1539, 1, "EC_PA_MAINTENANCEACTIVITY", "Maintenance Activity"),
    GsmError(1540, 1, "EC_PA_VERSIONINCOMPATIBILITY", "Version Incompatibility"),
    GsmError(1541, 1, "EC_PA_ABNORMALMAPDIALOG", "Abnormal Map Dialog"),
    GsmError(1792, 1, "EC_NC_ABNORMALEVENTDETECTEDBYPEER", "Abnormal Event Detected By Peer"),
    GsmError(1793, 1, "EC_NC_RESPONSEREJECTEDBYPEER", "Response Rejected By Peer"),
    GsmError(1794, 1, "EC_NC_ABNORMALEVENTRECEIVEDFROMPEER", "Abnormal Event Received From Peer"),
    GsmError(
        1795, 1, "EC_NC_MESSAGECANNOTBEDELIVEREDTOPEER", "Message Cannot Be Delivered To Peer"
    ),
    GsmError(1796, 1, "EC_NC_PROVIDEROUTOFINVOKE", "Provider Out Of Invoke"),
    GsmError(2048, 3, "EC_TIME_OUT", "Time Out"),
    GsmError(2049, 2, "EC_IMSI_BLACKLISTED", "IMSI blacklisted", True),
    GsmError(2050, 3, "EC_DEST_ADDRESS_BLACKLISTED", "DND blacklisted", True),
    GsmError(2051, 3, "EC_INVALIDMSCADDRESS", "Text blacklisted"),
    GsmError(4096, 2, "EC_INVALID_PDU_FORMAT", "Invalid PDU Format", True),
    GsmError(4097, 3, "EC_NOTSUBMITTEDTOGMSC", "Not Submitted To GMSC"),
    GsmError(4100, 2, "EC_MESSAGE_CANCELED", "Message canceled", True),
    GsmError(4101, 2, "EC_VALIDITYEXPIRED", "Validity Expired", True),
    GsmError(4102, 3, "EC_NOTSUBMITTEDTOSMPPCHANNEL", "Not Submitted To Smpp Channel", True),
    GsmError(5000, 0, "VOICE_ANSWERED", "Call answered by human", True),
    GsmError(5001, 0, "VOICE_ANSWERED_MACHINE", "Call answered by machine", True),
    GsmError(5002, 2, "EC_VOICE_USER_BUSY", "User was busy during call attempt", True),
    GsmError(5003, 2, "EC_VOICE_NO_ANSWER", "User was notified, but did not answer call", True),
    GsmError(
        5004,
        2,
        "EC_VOICE_ERROR_DOWNLOADING_FILE",
        "File provided for call could not be downloaded",
        True,
    ),
    GsmError(
        5005,
        2,
        "EC_VOICE_ERROR_UNSUPPORTED_AUDIO_FORMAT",
        "Format of file provided for call is not supported",
        True,
    ),
)

STATUS_BY_ID = {status.id: status for status in _STATUSES}
STATUS_BY_NAME = {status.name: status for status in reversed(_STATUSES)}
ERROR_BY_ID = {error.id: error for error in _ERRORS}
ERROR_BY_NAME = {error.name: error for error in _ERRORS}

NO_ERROR = ERROR_BY_ID[0]


def status_of(key: str | int) -> Status:
    """The status with this id or name; ValueError for one that the manual does not have."""
    found = STATUS_BY_NAME.get(key) if isinstance(key, str) else STATUS_BY_ID.get(key)
    if found is None:
        raise ValueError(f"no status {key!r} in the manual")
    return found


def error_of(key: str | int) -> GsmError:
    """The GSM error with this id or name; ValueError for one that the manual does not have."""
    found = ERROR_BY_NAME.get(key) if isinstance(key, str) else ERROR_BY_ID.get(key)
    if found is None:
        raise ValueError(f"no GSM error {key!r} in the manual")
    return found
