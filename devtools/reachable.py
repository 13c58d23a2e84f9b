"""Says in one sentence which of the database and the broker does not answer; runs inside the environment."""

from __future__ import annotations

import os
import sys

import psycopg2
import redis

from config import env


def main() -> int:
    database = env.database("DATABASE_URL")
    try:
        psycopg2.connect(
            dbname=database["NAME"], user=database["USER"], password=database["PASSWORD"], host=database["HOST"],
            port=database["PORT"] or None, connect_timeout=10, **database["OPTIONS"],
        ).close()  # fmt: skip
    except psycopg2.Error as error:
        print(f"The database at DATABASE_URL does not answer: {' '.join(str(error).split())}")
        return 1
    try:
        redis.Redis.from_url(os.environ["REDIS_URL"], socket_connect_timeout=10).ping()
    except (redis.RedisError, ValueError) as error:
        print(f"The broker at REDIS_URL does not answer: {' '.join(str(error).split())}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
