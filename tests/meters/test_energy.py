import pytest
import torch

from stages.meters.energy import EnergyMeter


@pytest.mark.skipif(torch.cuda.is_available(), reason="says what happens without a device")
def test_no_energy_without_a_device():
    assert EnergyMeter().joules() is None
