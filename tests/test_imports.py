"""No import goes in a circle, those for type hints included."""

from __future__ import annotations

import graphlib

import grimp


def test_no_import_goes_in_a_circle() -> None:
    graph = grimp.build_graph("phygui", exclude_type_checking_imports=False)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imports) > 200
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        raise AssertionError(" imports ".join(reversed(error.args[1]))) from None
