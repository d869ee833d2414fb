"""Where an answer comes from: the same definitions give the same hash in another process; data change it."""

import subprocess
import sys

import carsequel as cs
import published
from carsequel.answering.provenance import definitions_hash


def test_the_hash_of_the_definitions_is_the_same_in_another_process() -> None:
    code = "from carsequel.answering.provenance import definitions_hash; print(definitions_hash())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == definitions_hash()


def test_the_hash_of_the_data_follows_the_data() -> None:
    course = published.course()
    one, other = course.only("mm-carbcma-relapse-17w"), course.only("mm-cns-bcma-remission")
    assert one.data_hash == cs.read(published.FOLDER).only("mm-carbcma-relapse-17w").data_hash != other.data_hash
