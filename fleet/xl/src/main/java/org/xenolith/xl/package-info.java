/// `xl`: Xen's verbs, options and column headings (xl.1). [Main] looks a verb up in [Verbs];
/// everything that the help says comes from there.
package org.xenolith.xl;
