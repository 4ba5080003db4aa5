"""What a run costs: seconds, memory of device and host, energy."""
