package org.xenolith.xen;

/// The 2-level ABI: a pending bit for each port and, for each vCPU, a selector with a bit for each
/// word of pending bits (xen/include/public/xen.h, `struct shared_info`).
final class TwoLevelEvents implements EventDelivery {
    private final SharedInfo shared;
    private final Words words;
    private final Upcalls upcalls;

    TwoLevelEvents(SharedInfo shared, Words words, Upcalls upcalls) {
        this.shared = shared;
        this.words = words;
        this.upcalls = upcalls;
    }

    @Override
    public int portsMax() {
        return shared.bitsPerWord() * shared.bitsPerWord();
    }

    @Override
    public void setPending(EventPort port) {
        if (port.number >= portsMax() || words.testAndSet(shared.pendingBitmap(), port.number)) {
            return;
        }
        if (!words.test(shared.maskBitmap(), port.number)) {
            select(port);
        }
        upcalls.wakePollers(port.number);
    }

    private void select(EventPort port) {
        int word = port.number / shared.bitsPerWord();
        if (!words.testAndSet(shared.selector(port.vcpu), word)) {
            upcalls.markPending(port.vcpu);
        }
    }

    @Override
    public void clearPending(EventPort port) {
        if (port.number < portsMax()) {
            words.testAndClear(shared.pendingBitmap(), port.number);
        }
    }

    @Override
    public void unmask(EventPort port) {
        if (port.number < portsMax()
                && words.testAndClear(shared.maskBitmap(), port.number)
                && words.test(shared.pendingBitmap(), port.number)) {
            select(port);
        }
    }

    @Override
    public boolean isPending(EventPort port) {
        return port.number < portsMax() && words.test(shared.pendingBitmap(), port.number);
    }

    @Override
    public boolean isBusy(EventPort port) {
        return false;
    }
}
