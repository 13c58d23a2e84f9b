"""Says in one sentence which of the given database and broker does not answer; runs inside the environment."""

from __future__ import annotations

import os
import sys

import psycopg2
import redis
from django.core.exceptions import ImproperlyConfigured

from config import env


def main() -> int:
    try:
        problem = _database_problem() or _broker_problem()
    except ImproperlyConfigured as error:
        problem = str(error)
    print(problem)
    return 1 if problem else 0


def _database_problem() -> str:
    if "DATABASE_URL" not in os.environ:
        return ""
    database = env.database("DATABASE_URL")
    where = {"dbname": database["NAME"], "user": database["USER"], "password": database["PASSWORD"]}
    try:
        psycopg2.connect(
            **where,
            host=database["HOST"],
            port=database["PORT"] or None,
            **{"connect_timeout": 10, **database["OPTIONS"]},
        ).close()
    except psycopg2.Error as error:
        return f"The database at DATABASE_URL does not answer: {' '.join(str(error).split())}"
    return ""


def _broker_problem() -> str:
    if "REDIS_URL" not in os.environ:
        return ""
    try:
        redis.Redis.from_url(os.environ["REDIS_URL"], socket_connect_timeout=10).ping()
    except (redis.RedisError, ValueError) as error:
        return f"The broker at REDIS_URL does not answer: {' '.join(str(error).split())}"
    return ""


if __name__ == "__main__":
    sys.exit(main())
