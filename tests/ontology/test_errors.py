"""Errors say where and what."""

from __future__ import annotations

from ontology import CatalogError, Fault, LabelConfigError, OntologyError, UnknownIdError


def test_fault_reads_as_file_line_reason():
    assert str(Fault(file="a.yaml", line=3, reason="no")) == "a.yaml:3: no"


def test_error_of_faults_has_one_line_each():
    faults = [Fault(file="a.yaml", line=n, reason="no") for n in (1, 2)]
    error = OntologyError.from_faults(faults)
    assert error.faults == tuple(faults)
    assert str(error).splitlines() == ["a.yaml:1: no", "a.yaml:2: no"]


def test_every_error_is_a_catalog_error():
    assert issubclass(OntologyError, CatalogError)
    assert issubclass(LabelConfigError, CatalogError)
    assert issubclass(UnknownIdError, OntologyError)
    assert OntologyError("no").faults == ()
