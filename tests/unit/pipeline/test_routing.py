"""Which way a message takes to customs, and what the configuration leaves without one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import Exchange, Route, Settings, load_settings
from gateway.errors import RejectedError
from gateway.messages import Catalogue
from gateway.steps.routing import MESSAGE_TYPES, Matter, choose, route_faults
from tests.services.installation import ROOT

ENTERPRISE, OTHER = "4403180001", "4403180002"
_MATTER = Matter("Manifest", "1", "5301", ENTERPRISE)
_OFFICES = ("53", "5301", "5304", "51", "0708", "57")


def _route(name: str, **lists: list[str]) -> Route:
    places = {"receiver": "C", "outbox": f"out/{name}", "receipts": f"in/{name}"}
    return Route.model_validate({"name": name, **places, "trusted_certificates": ["c.pem"], **lists})


def _settings(*routes: Route, enterprises: tuple[str, ...] = (ENTERPRISE,)) -> Settings:
    shipped = load_settings(ROOT / "gateway.toml")
    profiles = tuple(shipped.enterprise[0].model_copy(update={"code": code}) for code in enterprises)
    return shipped.model_copy(update={"route": routes, "enterprise": profiles})


def _told(*routes: Route, enterprises: tuple[str, ...] = (ENTERPRISE,)) -> list[str]:
    return sorted({fault.code for fault in route_faults(_settings(*routes, enterprises=enterprises))})


@pytest.mark.requirement("CU-06")
@pytest.mark.parametrize(
    "lists",
    [
        {"documents": ["Manifest", "DecMessage"]},
        {"goods_natures": ["1"]},
        {"offices": ["5301"]},
        {"offices": ["53"]},
        {"enterprises": [ENTERPRISE]},
        {"documents": ["Manifest"], "goods_natures": ["1"], "offices": ["53"], "enterprises": [ENTERPRISE]},
    ],
)
def test_a_message_takes_the_first_route_that_names_what_it_is_about(lists: dict[str, list[str]]) -> None:
    """By document type, goods nature, customs office or whole customs, enterprise, or all of them."""
    routes = [_route("first", **lists), _route("rest")]
    assert choose(routes, _MATTER).name == "first"
    assert choose(routes[::-1], _MATTER).name == "rest"


@pytest.mark.requirement("CU-06")
@pytest.mark.parametrize(
    "lists",
    [
        {"documents": ["ManifestModification"]},
        {"goods_natures": ["2"]},
        {"offices": ["5304", "51"]},
        {"enterprises": [OTHER]},
        {"documents": ["Manifest"], "offices": ["5304"]},
    ],
)
def test_one_list_that_does_not_name_it_is_enough_to_pass_a_route_by(lists: dict[str, list[str]]) -> None:
    """Lists narrow each other."""
    assert choose([_route("first", **lists), _route("rest")], _MATTER).name == "rest"


@pytest.mark.requirement("CU-06", "EN-05")
def test_a_message_without_a_route_is_refused_with_what_would_be_right() -> None:
    """A last resort: no crash, no guess."""
    with pytest.raises(RejectedError) as refused:
        choose([_route("only", offices=["5304"])], _MATTER)
    assert refused.value.code == "routing.no-route"
    assert "5301" in refused.value.text("en")
    assert "5301" in refused.value.text("zh")


def test_one_route_without_lists_is_enough() -> None:
    """As it is shipped."""
    assert _told(_route("all")) == []
    assert route_faults(load_settings(ROOT / "gateway.toml")) == []


def test_an_agreement_about_no_message_type_is_told() -> None:
    """By its place in the list; a misspelt word would let the defaults apply."""
    exchange = (Exchange(documents=("Manifest",)), Exchange(documents=("Manifests", "DecMessage")))
    settings = _settings(_route("all")).model_copy(update={"exchange": exchange})
    (fault,) = route_faults(settings)
    assert (fault.code, fault.values["position"]) == ("config.exchange-type", 2)


def test_all_faults_of_all_routes_are_told_at_once() -> None:
    """Words that are no document type, nature or enterprise here, each by its route and key."""
    faults = route_faults(
        _settings(
            _route("a", documents=["Manifests"], goods_natures=["一般贸易"]),
            _route("b", enterprises=["9999999999"]),
            _route("all"),
        )
    )
    told = [(fault.code, fault.values["route"], fault.values["key"]) for fault in faults]
    assert told == [
        ("routing.unknown-word", "a", "documents"),
        ("routing.unknown-word", "a", "goods_natures"),
        ("routing.unknown-word", "b", "enterprises"),
    ]
    assert "Manifest, " in faults[0].text("en")


@pytest.mark.parametrize(
    "routes",
    [
        [_route("all"), _route("late", offices=["5301"])],
        [_route("whole", offices=["53"]), _route("late", offices=["5301"]), _route("all")],
        [_route("g", goods_natures=["1", "3", "4"]), _route("b", goods_natures=["2"]), _route("late")],
        [_route("all"), _route("late")],
        # No bonded goods are ever filed in volumes.
        [_route("late", documents=["GoodsFiling"], goods_natures=["2"]), _route("all")],
    ],
)
def test_a_route_that_is_never_taken_is_a_fault(routes: list[Route]) -> None:
    """Because what stands before it takes everything, together or alone."""
    faults = route_faults(_settings(*routes))
    assert [(fault.code, fault.values["route"]) for fault in faults] == [("routing.never-taken", "late")]


def test_what_no_route_takes_is_a_fault_and_is_named() -> None:
    """Declarations were forgotten: without them no month could be ended."""
    kept = [each for each in MESSAGE_TYPES if each != "DecMessage"]
    faults = route_faults(_settings(_route("only", documents=kept)))
    assert {fault.code for fault in faults} == {"routing.gap", "routing.office-open"}
    gaps = [fault for fault in faults if fault.code == "routing.gap"]
    assert {fault.values["message_type"] for fault in gaps} == {"DecMessage"}
    assert not any(fault.warning for fault in gaps)


def test_an_enterprise_or_nature_without_a_route_is_a_fault() -> None:
    """Each has a profile, so that it will declare."""
    two = (ENTERPRISE, OTHER)
    assert _told(_route("a", enterprises=[ENTERPRISE]), enterprises=two) == [
        "routing.gap",
        "routing.office-open",
    ]
    assert "routing.gap" in _told(_route("a", goods_natures=["1"]))


def test_offices_that_no_route_names_are_a_warning() -> None:
    """A gateway may serve a few offices only; whoever files elsewhere is told so."""
    faults = route_faults(_settings(_route("a", offices=["5301"]), _route("b", offices=["51"])))
    assert [(fault.code, fault.warning) for fault in faults] == [("routing.office-open", True)]


def test_natures_of_few_offices_need_a_route_at_those_only() -> None:
    """Border trade is known at customs 07 alone, goods under foreign contracts at 57 (QF-06)."""
    ordinary = _route("a", goods_natures=["1", "2"], offices=["5301"])
    assert _told(ordinary) == ["routing.office-open"]
    assert _told(_route("b", goods_natures=["1", "2"], offices=["0708"])) == [
        "routing.gap",
        "routing.office-open",
    ]


_lists = st.fixed_dictionaries(
    {},
    optional={
        "documents": st.lists(st.sampled_from(MESSAGE_TYPES), unique=True, min_size=1),
        "goods_natures": st.lists(st.sampled_from(["1", "2", "3", "4"]), unique=True, min_size=1),
        "offices": st.lists(st.sampled_from(_OFFICES), unique=True, min_size=1),
        "enterprises": st.lists(st.sampled_from([ENTERPRISE, OTHER]), unique=True, min_size=1),
    },
)


@given(
    lists=st.lists(_lists, min_size=1, max_size=4),
    message_type=st.sampled_from(MESSAGE_TYPES),
    office=st.sampled_from(["5301", "5304", "5399", "5101", "0708", "5729", "2201"]),
    enterprise=st.sampled_from([ENTERPRISE, OTHER]),
)
def test_where_nothing_is_told_every_message_has_a_route(
    lists: list[dict[str, list[str]]], message_type: str, office: str, enterprise: str
) -> None:
    """At any office, whatever the lists are; the route is the first that fits by plain reading."""
    nature = "2" if message_type == "QualificationExtension" else "1"
    routes = [_route(f"r{number}", **each) for number, each in enumerate(lists)]
    wanted = {
        "documents": {message_type},
        "goods_natures": {nature},
        "offices": {office, office[:2]},
        "enterprises": {enterprise},
    }
    fitting = [
        route.name
        for route, each in zip(routes, lists, strict=True)
        if all(wanted[key] & set(words) for key, words in each.items())
    ]
    matter = Matter(message_type, nature, office, enterprise)
    if fitting:
        assert choose(routes, matter).name == fitting[0]
    else:
        assert {"routing.gap", "routing.office-open"} & set(_told(*routes, enterprises=(ENTERPRISE, OTHER)))


def test_every_message_type_that_leaves_can_be_routed() -> None:
    """What the schemas know, less what customs sends and what only the gateway is asked."""
    catalogue = Catalogue.load(ROOT / "schemas/xsd")
    others = {"Receipt", "AccountBook", "CargoManifest", "Licence", "Query"}
    others |= {"AggregationRequest", "Declaration"}
    assert set(MESSAGE_TYPES) == set(catalogue.bodies) - others | {"DecMessage"}
