package org.xenolith.ir;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// On a helper that changes how the context reaches memory from then on, for compilers that cannot
/// call it. A context has up to [#VIEWS] *views* of memory, of which one is in use; a slot tells
/// its number.
///
/// The helper takes the context and numbers. Where the first number is zero, all that it does is to
/// bring the view into use that is named here, and what the ops behind it in the same instruction
/// do once more. A compiler that has the views at hand may then change the view and say so in the
/// slot, in its place; whoever it returns to does the rest.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Enters {
    /// How many views there are.
    int VIEWS = 3;

    /// The view, from 0.
    int view();

    /// The slot that holds the number of the view in use.
    int slot();
}
