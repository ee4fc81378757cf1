/// What a PVH guest finds around its processors.
///
/// ```
///  vCPU ──MSR, MMIO──► LocalApic ──InterruptMessage──► LocalApics ──► other LocalApics
///                          │                               └──► InterruptSink (wake, INIT, ...)
///                          └── TimerQueue
///  vCPU ──port────────► SerialPort (0x3F8), DebugPort (0xE9)
///  at creation ───────► PvhLayout, MemoryMap, AcpiTables
/// ```
///
/// Read [org.xenolith.platform.SerialPort] first: a complete device on one page.
package org.xenolith.platform;
