"""What others have added: found, loaded, listed, and switched off where it fails.

A plugin is a spec, or several, of the kinds that the program itself is made of: metrics, views,
rankings, actions, formats, exports. It comes from the entry points of an installed package, or from
a file in the user's plugin folder, never from the folder of a dataset. The registry of each kind
asks :func:`added` for its own; this package knows no spec, and no registry.
"""

from __future__ import annotations

from phygui.plugins.discovery import (
    GROUPS,
    added,
    blame,
    forget,
    load_file,
    owner,
    plugin_folder,
    plugins,
    remember_forgetting,
)
from phygui.plugins.guard import LIMITS, Guarded, PluginError
from phygui.plugins.record import API_VERSION, Plugin, listen
from phygui.plugins.switched import is_switched_off, plugins_are_used, switch

__all__ = [
    "API_VERSION",
    "GROUPS",
    "LIMITS",
    "Guarded",
    "Plugin",
    "PluginError",
    "added",
    "blame",
    "forget",
    "is_switched_off",
    "listen",
    "load_file",
    "owner",
    "plugin_folder",
    "plugins",
    "plugins_are_used",
    "remember_forgetting",
    "switch",
]
