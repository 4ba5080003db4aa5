from pathlib import Path

import pytest

from stages.core.errors import InputError
from stages.published.claims import Claims, load_claims
from stages.published.verdicts import judge
from tests.helpers import planted

CLAIMS = load_claims()


def test_file_is_validated_both_ways(tmp_path):
    claims = Claims(
        small_scale=False,
        claims=[judge("rank", CLAIMS["rank"], planted.published({}), planted.reproduced({}), False, [])],
    )
    path = tmp_path / "claims.json"
    claims.write_to(path)
    assert Claims.read_from(path) == claims
    path.write_text("{}")
    with pytest.raises(
        InputError, match=r"claims\.json: small_scale: Field required \(and 1 more\); run `dvc repro -f claims`"
    ):
        Claims.read_from(path)
    with pytest.raises(InputError, match=r"not found; run `dvc repro claims` first"):
        Claims.read_from(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("high: little", "high: large"), "rank: Value error, figures: 'large' is missing"),
        (("pairs: [[lora-r8, lora-r16]], high", "pairs: [], high"), "difference: a bound, or the cells"),
    ],
)
def test_faulty_claims_are_named(tmp_path, change, message):
    path = tmp_path / "claims.yaml"
    path.write_text(Path("stages/published/claims.yaml").read_text(encoding="utf-8").replace(*change))
    with pytest.raises(InputError, match=message):
        load_claims(path)
