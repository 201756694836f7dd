"""Settings that a person wrote down as YAML, read into a checked model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, Field, ValidationError, ValidationInfo

from crossfade_shared.errors import UserError

Model = TypeVar("Model", bound=BaseModel)


def _beside_the_file(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder")
    return folder / path.expanduser() if folder else path


PositiveInt = Annotated[int, Field(gt=0, strict=True)]
"""A whole number above 0, written as such: no text, no truth value."""

PathBesideFile = Annotated[Path, AfterValidator(_beside_the_file)]
"""A path that, read from a file, is relative to the folder of that file."""


def read_settings(path: Path, model: type[Model]) -> Model:
    """Read a YAML file into `model`; raises `UserError` that names the file, the field and what would be right."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not readable as YAML: {error}") from error
    try:
        return model.model_validate(values, context={"folder": path.resolve().parent})
    except ValidationError as error:
        raise _user_error(path, error) from None


def _user_error(path: Path, error: ValidationError) -> UserError:
    complaints = error.errors()
    fields = [".".join(str(part) for part in complaint["loc"]) for complaint in complaints]
    lines = [
        f"  {field + ': ' if field else ''}{complaint['msg']}"
        for field, complaint in zip(fields, complaints, strict=True)
    ]
    return UserError("\n".join([f"{path}:", *lines]), field=fields[0] or None)
