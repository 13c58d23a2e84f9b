"""./dev up, from start to stop: one run, real processes, real signals."""

import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from tests.runtime.product import Product

pytestmark = pytest.mark.xdist_group("product")


@pytest.fixture
def data():
    """A folder whose path is short enough for sockets and open to the servers' own user."""
    folder = Path(tempfile.mkdtemp(prefix="redress-up-"))
    folder.chmod(0o755)
    yield folder / "data"
    shutil.rmtree(folder)


def is_alive(pid):
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "\nState:\tZ" not in status.read_text()


def test_the_product_survives_its_processes_and_stops_in_order(data):
    product = Product(data, "--no-demo")
    try:
        product.start()
        assert product.ready() == {"ready": True, "database": "ok", "broker": "ok", "worker": "ok"}
        assert "First administrator: admin. Choose a password here" in product.said
        assert (
            product.manage("shell", "-v0", "-c", "from staff.models import User; print(User.objects.get())").strip()
            == "admin"
        )

        for name in ("web", "worker", "beat", "valkey", "postgres"):
            product.kill(name)
            assert f"{name} ended (-9); starting it again." in product.said
        product.until(lambda: product.ready().get("ready"))

        pids = [product.pid(name) for name in ("web", "worker", "beat", "valkey", "postgres")]
        assert product.stop(signal.SIGINT) == 0
        assert not any(is_alive(pid) for pid in pids)
        assert list((data / "run").glob("*.pid")) == []
        assert "Traceback" not in product.said

        product.start()
        assert "First administrator: admin. Choose" in product.said, "the link was not used, so it is given again"
        pids = [product.pid(name) for name in ("web", "worker", "beat", "valkey", "postgres")]
        os.kill(product.process.pid, signal.SIGKILL)
        product.process.wait()
        product.until(lambda: not any(is_alive(pid) for pid in pids))
        product.start()
        assert product.stop() == 0
    finally:
        product.stop()
