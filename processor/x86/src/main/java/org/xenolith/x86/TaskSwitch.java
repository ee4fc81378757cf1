package org.xenolith.x86;
final class TaskSwitch {
    static void byTransfer(Cpu cpu, int selector, boolean call) {}
    static void byInterrupt(Cpu cpu, int selector, int errorCode, int external) {}
    static void back(Cpu cpu) {}
}
