"""What people do with evaluations: sampling, assignment, their own answers, acknowledgement, disputes, calibration, coaching."""
