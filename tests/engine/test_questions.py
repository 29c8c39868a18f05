"""Questions that stand beside each other: one is open on each number of ours."""

from tests.engine.conftest import PROJECT, build

SURVEY = """
flow: survey
triggers: [{keyword: SURVEY}]
steps:
  - {ask: From 1 to 5?, type: integer, range: [1, 5], save: score, timeout: 3d}
  - send: Noted.
"""
BOOK = """
flow: book
triggers: [{keyword: BOOK}, {api: true}]
steps:
  - ask: Which day?
    type: choice
    choices: {friday: [FRI], monday: [MON]}
    timeout: 2d
    deliver: DELIVER
  - send: Booked.
"""


def test_choices_may_be_a_list_of_their_names(world, phone):
    """Then each is its own word, and has its place in the list and its letter, as others do."""
    world("""
triggers: [{keyword: LUNCH}]
steps:
  - ask: "A) pizza B) soup of the day"
    save: lunch
    choices: [pizza, soup of the day]
    then: {pizza: {send: Hot!}}
  - send: "{{ lunch }}"
""")
    for answer in ("a", "1", "Pizza!", "b", "the soup of the day please"):
        phone.says("lunch")
        phone.says(answer)
    menu = "A) pizza B) soup of the day"
    hot, soup = (menu, "Hot!", "pizza"), (menu, "soup of the day")
    phone.heard(*hot, *hot, *hot, *soup, *soup)


def test_a_question_on_another_number_pauses_nothing(world, phone):
    """Each number is a conversation of its own, as it is on the phone."""
    world(SURVEY, BOOK.replace("    deliver: DELIVER\n", ""))
    phone.says("survey", to="main")
    phone.says("book", to="backup")
    phone.says("4", to="main")
    phone.says("fri", to="backup")
    phone.heard("From 1 to 5?", "Which day?", "Noted.", "Booked.")


def test_a_question_that_moves_to_another_number_pauses_the_one_that_is_open_there(
    world, start, phone, dlr
):
    """The failover takes it to the number of the survey, which is asked again afterwards."""
    world(SURVEY, BOOK.replace("DELIVER", "fast"))
    phone.says("survey", to="backup")
    start("book")
    dlr("rejected")
    phone.says("fri", to="backup")
    phone.heard("From 1 to 5?", "Which day?", "Which day?", "Booked.", "From 1 to 5?")
    phone.says("4", to="backup")
    phone.heard("Noted.")


HEARS = """
flow: survey
triggers: [{keyword: SURVEY}]
steps:
  - ask: From 1 to 5?
    type: integer
    timeout: 3d
    on_no_report: {end: silent}
"""


def test_a_question_that_is_repeated_hears_of_silence_too(world, phone, clock, ended):
    """Its `on_no_report` waits as long for the text that repeats it as for the first."""
    world(HEARS, BOOK.replace("    deliver: DELIVER\n", ""))
    phone.says("survey")
    phone.says("book")
    phone.says("fri")
    clock.passes("11m")
    assert ended("survey") == ["silent"]


# --- numbers that the project has lost ------------------------------------------------------------


def test_a_question_on_a_number_that_was_renamed_can_be_answered(world, phone, place):
    """The session goes on with the project as it is now, in texts that can leave."""
    world(SURVEY)
    phone.says("survey", to="main")
    renamed = PROJECT.replace("  main: {address", "  front: {address").replace(
        "via: [main", "via: [front"
    )
    place.sim.deploy(build(SURVEY, project=renamed))
    phone.says("4", to="front")
    phone.heard_via("main", "front")


def test_a_failover_leaves_out_a_number_that_is_gone(world, start, phone, dlr, place):
    """The plan of a text names numbers for as long as the text is on its way."""
    flow = BOOK.replace("DELIVER", "three")
    world(SURVEY, flow)
    start("book")
    fewer = PROJECT.replace('  backup: {address: "+447700900001", provider: one}\n', "").replace(
        "backup", "third"
    )
    place.sim.deploy(build(SURVEY, flow, project=fewer))
    dlr("rejected")
    phone.heard_via("main", "third")
