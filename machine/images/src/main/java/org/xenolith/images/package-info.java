/// Virtual disks in files.
package org.xenolith.images;
