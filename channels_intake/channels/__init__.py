"""One module per channel; a new file in this folder is a new channel, found by its name."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from channels_intake.forms import StaffForm
from staff.models import User


def desk_forms() -> dict[str, type[StaffForm]]:
    """The forms of the desk by channel, in the order in which their tabs stand."""
    modules = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    forms: list[type[StaffForm]] = [module.Form for module in modules if hasattr(module, "Form")]
    return {form.channel.value: form for form in sorted(forms, key=lambda form: form.position)}


def desk_forms_for(user: User) -> dict[str, type[StaffForm]]:
    """Those that this person may use."""
    return {channel: form for channel, form in desk_forms().items() if user.role in form.allowed}
