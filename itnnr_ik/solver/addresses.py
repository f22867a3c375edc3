"""Named tuples passed by reference in compiled code: one pointer instead of hundreds of numbers.

By value, every number that describes an array of the tuple is an argument of its own and copied wherever a
field is read, which dominated the compile time. A kernel that takes a tuple takes its address as well, and
reads its fields in the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import extending, types
from numba.core import cgutils
from numba.core.typing.templates import AttributeTemplate

T = TypeVar("T")

# Typed loosely: numba has no types for its own.
_extending: Any = extending
_cgutils: Any = cgutils


class Address(types.Type):
    """The address of a named tuple of type ``content``."""

    def __init__(self, content: Any) -> None:
        self.content = content
        super().__init__(f"address({content.name})")


@_extending.register_model(Address)
class _Pointer(extending.models.PrimitiveModel):
    def __init__(self, manager: Any, address: Any) -> None:
        pointer = manager[address.content].get_data_type().as_pointer()
        super().__init__(manager, address, pointer)  # type: ignore[no-untyped-call]


@_extending.infer_getattr
class _Fields(AttributeTemplate):
    key = Address

    def generic_resolve(self, address: Any, name: str) -> Any:  # type: ignore[override]
        """The type of a field; nested named tuples are passed by address, too."""
        fields = address.content.fields
        if name not in fields:
            return None
        field = address.content.types[fields.index(name)]
        return Address(field) if isinstance(field, types.BaseNamedTuple) else field


@_extending.lower_getattr_generic(Address)  # type: ignore[untyped-decorator]
def _read(context: Any, builder: Any, address: Any, pointer: Any, name: str) -> Any:
    index = address.content.fields.index(name)
    field, slot = address.content.types[index], _cgutils.gep_inbounds(builder, pointer, 0, index)
    is_tuple = isinstance(field, types.BaseNamedTuple)
    return slot if is_tuple else context.unpack_value(builder, field, slot)


def _keep(typing: Any, content: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        slot = _cgutils.alloca_once(builder, context.data_model_manager[content].get_data_type())
        context.pack_value(builder, content, arguments[0], slot)
        return slot

    return Address(content)(content), generate


#: Address of a copy of the tuple. The copy is on the stack of the calling function (with `inlined`, of the
#: function that it is inlined into), so it is never returned.
by_address: Callable[[T], T] = cast("Any", _extending.intrinsic(_keep))
