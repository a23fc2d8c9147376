"""Who runs the map over shards: processes of this machine, or a Dask cluster; the rows are the same."""
