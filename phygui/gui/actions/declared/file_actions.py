"""Opening, saving, pictures, and closing."""

from __future__ import annotations

from phygui.gui.actions.declared.reasons import cannot_save, unless
from phygui.gui.actions.spec import ActionSpec

ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("open", "Open...", "File", lambda w: w.commands.open(), ("Ctrl+O",),
        "open a dataset", "open"),
    ActionSpec("open_folder", "Open a folder...", "File", lambda w: w.commands.open_folder(),
        tip="open a dataset that is a folder, as Kilosort and phy keep one"),
    ActionSpec("open_demo", "Open the demo", "File", lambda w: w.commands.open_demo(),
        tip="a simulated recording with known units"),
    ActionSpec("open_archive", "Open archive...", "File|archive",
        lambda w: w.commands.open_archive(), ("Ctrl+Shift+O",),
        "a table of all datasets in a folder and those below it"),
    ActionSpec("next_undecided", "Next undecided session", "File|archive",
        lambda w: w.commands.next_undecided(), ("Ctrl+Shift+PgDown",),
        "leave this dataset for the next one that has clusters to decide"),
    ActionSpec("save", "Save", "File|save", lambda w: w.saving.save(), ("Ctrl+S",),
        "write the curation into the dataset", "save",
        cannot_save, toolbar=True),
    ActionSpec("save_copy", "Save a copy as...", "File|save", lambda w: w.saving.save_copy(),
        ("Ctrl+Shift+S",), "write the file with all edits in it to another place"),
    ActionSpec("restore", "Restore...", "File|save", lambda w: w.saving.show_backups(),
        tip="list the saved states, compare them, bring one back"),
    ActionSpec("set_gain", "Set the gain...", "File|gain", lambda w: w.commands.set_gain(),
        tip="how many microvolts a raw unit is, where no file tells",
        hindrance=unless(lambda w: not w.session.shank.tells_gain, "the files tell the gain")),
    ActionSpec("export", "Export...", "File|export", lambda w: w.commands.export(),
        ("Ctrl+Shift+X",),
        "what was curated, for other programs: NWB, tables, a report ..."),
    ActionSpec("export_view", "Export a picture of a view...", "File|export",
        lambda w: w.commands.export_view(), ("Ctrl+E",),
        "as PNG at any scale, or as SVG: of any view"),
    ActionSpec("screenshot", "Export a picture of the window...", "File|export",
        lambda w: w.commands.export_window(), ("Ctrl+Shift+E",), "as PNG"),
    ActionSpec("close", "Close the window", "File|end", lambda w: w.close(), ("Ctrl+W",)),
    ActionSpec("quit", "Quit", "File|end", lambda w: w.commands.quit(), ("Ctrl+Q",)),
)  # fmt: skip
