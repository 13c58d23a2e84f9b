"""The one error of every medium."""


class DeliveryError(Exception):
    """The gateway did not take a notice; `is_permanent` when trying again cannot help."""

    def __init__(self, message: str, *, is_permanent: bool = False) -> None:
        super().__init__(message)
        self.is_permanent = is_permanent
