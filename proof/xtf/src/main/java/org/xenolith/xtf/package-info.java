/// The Xen Test Framework as a judge: a tree of built microkernels becomes a list of tests
/// ([XtfTree]), each runs in a machine of its own ([XtfRunner]), and the results become a table
/// ([XtfReport]). Begin with [Xtf].
package org.xenolith.xtf;
