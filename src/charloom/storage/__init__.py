"""Files that are replaced as a whole, singly or in sets, even on a full disk or power failure."""

from __future__ import annotations

from .disk import MODEL_INDEX as MODEL_INDEX
from .disk import RESTORE as RESTORE
from .disk import Payload as Payload
from .disk import Pieces as Pieces
from .disk import claim_folder as claim_folder
from .disk import creating as creating
from .disk import fault as fault
from .disk import is_part as is_part
from .disk import own_folder as own_folder
from .disk import target as target
from .disk import unwritable as unwritable
from .disk import write_file as write_file
from .sets import Index as Index
from .sets import packed_set as packed_set
from .sets import read_set as read_set
from .sets import remove_set as remove_set
from .sets import write_set as write_set
