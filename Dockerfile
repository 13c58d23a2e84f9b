# One image for web, worker, beat and migrate; it carries the front-end bundle, and neither Node nor embedded servers.
FROM node:22-slim AS bundle
WORKDIR /redress
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY frontend frontend
COPY static static
RUN node frontend/build.mjs

FROM python:3.12-slim-trixie AS packages
COPY requirements.txt /
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r /requirements.txt

FROM python:3.12-slim-trixie
# pg_dump and pg_restore for `manage.py backup`: as new as the server of docker-compose.yml
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-client-17 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --create-home --home-dir /home/redress redress \
    && install -d -o redress -g redress /data /data/media
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    REDRESS_DATA=/data REDRESS_MEDIA_ROOT=/data/media REDRESS_STATIC_ROOT=/redress/collected
COPY --from=packages /venv /venv
WORKDIR /redress
COPY . .
COPY --from=bundle /redress/static/bundle static/bundle
COPY --from=bundle /redress/fonts fonts
RUN python -m devtools.messages compile \
    && REDRESS_SECRET_KEY=only-for-building DATABASE_URL=postgres://nobody@nowhere/none REDIS_URL=redis://nowhere \
       python manage.py collectstatic --noinput -v 0
USER redress
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--config", "python:config.serving", "--bind", "0.0.0.0:8000", "--worker-tmp-dir", "/dev/shm"]
