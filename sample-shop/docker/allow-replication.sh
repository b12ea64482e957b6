# Postgres' image lets every role connect to databases, but nobody replicate from another container.
echo 'host replication all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
