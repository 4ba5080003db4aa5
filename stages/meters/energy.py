"""Energy that the device reports."""

import torch


class EnergyMeter:
    """Energy of the device in joules since the meter was made; None where NVML does not report it.

    Source: ``nvmlDeviceGetTotalEnergyConsumption``, millijoules since the driver was loaded, of the whole device.
    """

    def __init__(self) -> None:
        self._start = self._millijoules()

    def joules(self) -> float | None:
        now = self._millijoules()
        if now is None or self._start is None:
            return None
        return (now - self._start) / 1000

    @staticmethod
    def _millijoules() -> int | None:
        if not torch.cuda.is_available():
            return None
        import pynvml

        try:
            pynvml.nvmlInit()
            handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties().uuid}")
            return pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
        except pynvml.NVMLError:
            return None
