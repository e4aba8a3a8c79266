"""Run folders: `Run` opens one; the other modules define the format of its files."""

from __future__ import annotations

from .facts import Facts as Facts
from .model_file import EPOCHS as EPOCHS
from .model_file import MEASURED as MEASURED
from .model_file import MODEL_FILES as MODEL_FILES
from .model_file import SavedModel as SavedModel
from .model_file import claim as claim
from .model_file import epoch_folder as epoch_folder
from .model_file import holds_model as holds_model
from .model_file import latest_epoch as latest_epoch
from .model_file import load_model as load_model
from .model_file import packed_model as packed_model
from .model_file import save_model as save_model
from .model_file import sound_facts as sound_facts
from .run import Run as Run
from .state_file import CHECKPOINTS as CHECKPOINTS
from .state_file import STATE_FILES as STATE_FILES
from .state_file import FoundState as FoundState
from .state_file import find_state as find_state
from .state_file import forget_state as forget_state
from .state_file import holds_state as holds_state
from .state_file import load_state as load_state
from .state_file import save_state as save_state
from .without_names import without_names as without_names

FILES = (*MODEL_FILES, *STATE_FILES)
"""The files of a run folder, besides the folders EPOCHS, CHECKPOINTS and MEASURED."""
