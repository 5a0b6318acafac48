"""The use cases, a function a step: refresh, assemble, deliver, membership, inbound, housekeeping.

Steps meet only through rows; each can run alone, twice, or after a crash, to the same end.
"""
