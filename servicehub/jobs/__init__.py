"""What runs without a user: deferred jobs (`engine`, `handlers`), deadlines (`pulse`, `ticks`), the process's life (`runtime`)."""
