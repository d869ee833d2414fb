"""FHIR R4 in and out: Bundles and NDJSON to the raw tables of a course and back."""

from carsequel.record.fhir.reader import read_fhir
from carsequel.record.fhir.writer import write_fhir

__all__ = ["read_fhir", "write_fhir"]
