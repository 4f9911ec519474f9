"""400-499: the Unity project and the files written into it."""

from __future__ import annotations

from builder.errors.catalogue import define as _define

NOT_A_PROJECT = _define(
    "NOT_A_PROJECT",
    400,
    "This is not a Unity project: {missing} is missing.",
    "A Unity project has the folder Assets and the file ProjectSettings/ProjectVersion.txt.",
    "Give the project's top folder; `generate --out FOLDER` writes the files for copying.",
)
FOREIGN_FILE = _define(
    "FOREIGN_FILE",
    401,
    "This file was not written by tfjs-for-unity, or was edited since.",
    "Files that the tool does not own are never overwritten.",
    "Move the file away, or give --force to overwrite it; a new model may also take another --name.",
)
NOT_WRITABLE = _define(
    "NOT_WRITABLE",
    402,
    "The files could not be written: {reason}.",
    "Nothing in the project was changed.",
    "Check the folder's permissions and the free space on its disk.",
)
DAMAGED_INSTALL = _define(
    "DAMAGED_INSTALL",
    403,
    "This installation of tfjs-for-unity is incomplete: {missing} is missing.",
    "The package carries the templates and the built runtime; in a checkout, `make` builds them.",
    "Install the package again, or run `make` in the checkout.",
)
BAD_MANIFEST = _define(
    "BAD_MANIFEST",
    404,
    "The list of written files cannot be read: {reason}.",
    "It was edited or damaged; without it the tool cannot tell its own files from yours.",
    "Restore it from version control, or delete the generated folder beside it and generate again.",
)

NAME_TAKEN = _define(
    "NAME_TAKEN",
    405,
    "This file already belongs to the model {model}.",
    "Names that differ only in case, hyphens or underscores lead to the same files.",
    "Choose another --name, or give --name {model} to replace that model.",
)
UNUSABLE_PATH = _define(
    "UNUSABLE_PATH",
    406,
    "A file of this name cannot lie in a Unity project: {reason}.",
    "Unity skips some names, and Windows, macOS and web hosts do not tell apart or forbid others.",
    "Rename the model's file, in model.json too, or the file or folder of the project that it collides with.",
)
OUTSIDE_PROJECT = _define(
    "OUTSIDE_PROJECT",
    407,
    "This is a link that leads out of the folder, to {actual}.",
    "Files are written only below the folder that was given.",
    "Replace the link with a real folder.",
)
NOT_UNDONE = _define(
    "NOT_UNDONE",
    408,
    "The files could not be written ({reason}), and what was begun could not be undone.",
    "The disk failed twice; the files as they were lie in {backup}.",
    "Mend the disk or its permissions and run the same command again: it first puts the old files back.",
)

BUSY = _define(
    "BUSY",
    409,
    "Another tfjs-for-unity{holder} is changing these files.",
    "Only one command at a time may write into a project; this one waited {seconds} s.",
    "Wait until the other command has ended, then run this one again.",
)
UNFINISHED = _define(
    "UNFINISHED",
    410,
    "An earlier command was interrupted half-way, so what lies here is neither old nor new.",
    "Commands that only look never change anything, so they cannot put the old files back.",
    "Run `tfjs-for-unity upgrade` or the interrupted command again: each first undoes what was begun.",
)
NEWER_PROJECT = _define(
    "NEWER_PROJECT",
    411,
    "These files were written by {actual}; this is {expected}.",
    "An older version does not know what a newer one has written, and would leave a mixture of both.",
    "Install the newer version, for example by `pipx upgrade tfjs-for-unity`, and run the command with that.",
)
NO_SUCH_MODEL = _define(
    "NO_SUCH_MODEL",
    412,
    "There is no model {name} here.",
    "Installed are: {installed}.",
    "Give one of these names; `tfjs-for-unity list` shows them.",
)
DAMAGED_MODEL = _define(
    "DAMAGED_MODEL",
    413,
    "The installed model {model} cannot be written anew: {reason}.",
    "A model is upgraded, together with all others, from its contract.json and the files beside it.",
    "Restore the files from version control, or `tfjs-for-unity remove {model}` and generate it again.",
)
