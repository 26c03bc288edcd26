"""Who runs the tasks. An engine only schedules: a task is a pure function and a job."""
