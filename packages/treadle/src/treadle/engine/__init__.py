"""The durable run of a post: queue, worker, lease, steps."""
