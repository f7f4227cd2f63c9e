"""A stranger's plug-in: walks in the plane, learned and played through the same doors as everything built in."""
