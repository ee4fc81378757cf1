/// What the frames of all protocols between two hosts have in common.
package org.xenolith.migration.frames;
