"""The gates of one patient in plain Python: every rule row and every condition read the slow way."""

import csv
from pathlib import Path

ROOM = Path(__file__).parents[2] / "src" / "carsequel" / "options"
REMISSION = {"CR", "CRi", "CRh", "sCR", "CMR"}
MARKERS = {"tki": "bcr_abl1", "menin_inhibitor": "kmt2a"}


def table(name):
    with (ROOM / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


OPTIONS, RULES = table("options.csv"), table("rules.csv")
TARGET = {"axi-cel": "CD19", "brexu-cel": "CD19", "liso-cel": "CD19", "tisa-cel": "CD19", "ide-cel": "BCMA"}


def has_word(option, word):
    kind = word.startswith("kind:") and option["kind"] == word[5:]
    return kind or (word == "intensive" and option["intensive"] == "yes") or word == option["option"]


def rule_covers(rule, option, disease):
    words = rule["options"].split()
    wanted = any(has_word(option, word) for word in words if word[0] != "-")
    barred = any(has_word(option, word[1:]) for word in words if word[0] == "-")
    return wanted and not barred and (rule["diseases"] == "*" or disease in rule["diseases"].split())


def last_reading(rule, person):
    """The last fact in the rule's window; a later row of the same day wins."""
    found = [fact for fact in person["facts"] if fact["name"] in rule["facts"].split()]
    if rule["window"] == "since_failure":
        found = [fact for fact in found if fact["day"] >= max(person["day"], 1)]
    if rule["window"] == "after_infusion":
        found = [fact for fact in found if fact["day"] >= 1]
    if rule["facts"] == "failure_day":
        return {"value": person["day"]}
    return max(enumerate(found), key=lambda pair: (pair[1]["day"], pair[0]))[1] if found else None


def is_met(rule, fact):
    if fact is None:
        return False
    value, text = fact.get("value"), str(fact.get("text", ""))
    limit = float(rule["limit"]) if rule["limit"] else None
    return {
        "recorded": lambda: True,
        "shown": lambda: True,
        "at_most": lambda: value is not None and value <= limit,
        "below": lambda: value is not None and value < limit,
        "above_uln": lambda: value is not None and fact.get("uln") is not None and value > fact["uln"],
        "yes": lambda: text == "yes" or (value or 0) > 0,
        "no": lambda: text in ("no", "negative"),
        "unless_no": lambda: text != "negative",
    }[rule["test"]]()


def antigen_reading(person, antigen, same):
    """Closed where the last reading is negative; open where it is positive and later than everything given."""
    tests = [fact for fact in person["facts"] if fact["name"] == f"antigen_{antigen.lower()}"]
    if not tests:
        return None
    last = max(fact["day"] for fact in tests)
    texts = {fact["text"] for fact in tests if fact["day"] == last}
    days = [day for drug_antigen, day in person["given"] if drug_antigen == antigen]
    days += [0] if TARGET[person["product"]] == antigen else []
    if texts == {"negative"} or (texts == {"epitope_lost"} and same):
        return False
    return True if texts == {"positive"} and all(last > day for day in days) else None


def antigen_condition(person, option):
    needs = option["needs_antigen"]
    if needs in ("", "other"):
        return []
    antigens = [TARGET[person["product"]]] if needs == "target" else [name.upper() for name in needs.split("/")]
    found = [antigen_reading(person, antigen, needs == "target") for antigen in antigens]
    return [True if True in found else False if set(found) == {False} else None]


def own_conditions(person, option):
    """The conditions that belong to one option: second infusion, transplantation, markers, trials, field of radiation."""
    name = option["option"]
    texts = {}
    for fact in sorted(person["facts"], key=lambda fact: fact["day"]):
        texts[fact["name"]] = fact.get("text")
    found = []
    if name == "second_infusion":
        cells = [fact["value"] for fact in person["facts"] if fact["name"] == "car_t"]
        found.append(None if person["type"] == "primary_refractory" else True)
        found.append(True if any(value > 0 for value in cells) else None)
        found += [None] if texts.get("anti_car_antibody") == "yes" else []
    if option["kind"] == "transplant":
        responses = [f for f in person["facts"] if f["name"] == "response" and f["day"] >= max(person["day"], 1)]
        last = max(responses, key=lambda fact: fact["day"])["text"] if responses else None
        found.append(True if last in REMISSION else None)
    if name == "allo_hct":
        found.append({"none": False, "matched sibling": True}.get(texts.get("donor")))
    if name in MARKERS:
        found.append({"positive": True, "negative": False}.get(texts.get(MARKERS[name])))
    if option["investigational"] == "yes" or name in ("radiotherapy", "other_target_car_t"):
        found.append(None)
    return found


def slow_gate(person, option):
    """Give open, closed or unknown and the names of the rules that speak."""
    if option["kind"] == "care":
        return "open", set()
    holds = [True if person["state"] == "failed" else None]
    spoken = set()
    for rule in RULES:
        if rule_covers(rule, option, person["disease"]):
            met = is_met(rule, last_reading(rule, person))
            if rule["test"] == "recorded":
                holds.append(True if met else None)
            elif met:
                spoken.add(rule["rule"])
    holds += antigen_condition(person, option) + own_conditions(person, option)
    return ("closed" if False in holds else "unknown" if None in holds else "open"), spoken


def belongs(option, disease):
    return option["diseases"] == "*" or disease in option["diseases"].split()


def words_of(rule):
    """How a rule's caution begins on the page."""
    source = f" ({rule['source']})" if rule["source"] else ""
    return f"caution, {rule['says'] or rule['title']}{source}"
