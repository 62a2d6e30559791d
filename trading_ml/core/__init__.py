"""What every room stands on: errors, parameters, time, instruments, the lake and the perturbation engine."""
