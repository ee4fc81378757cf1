package org.xenolith.xen;

import org.xenolith.base.Bug;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/// The one lock of a domain, and what is to be called once it is free: no listener is ever called
/// under it.
final class DomainLock {
    private final ReentrantLock lock = new ReentrantLock();
    private List<Runnable> afterwards = new ArrayList<>();

    /// What is done under the lock; may fail as its caller does.
    @FunctionalInterface
    interface Action<T, E extends Exception> {
        T perform() throws E;
    }

    /// The same, without a result.
    @FunctionalInterface
    interface Task<E extends Exception> {
        void perform() throws E;
    }

    /// Performs `action` under the lock; then, without it, whatever the action left to do
    /// [#afterwards]. Not from within another action.
    <T, E extends Exception> T hold(Action<T, E> action) throws E {
        take();
        try {
            return action.perform();
        } finally {
            leave();
        }
    }

    /// As [#hold], for actions without a result.
    <E extends Exception> void run(Task<E> task) throws E {
        take();
        try {
            task.perform();
        } finally {
            leave();
        }
    }

    private void take() {
        Bug.check(!lock.isHeldByCurrentThread(), "a domain's lock is taken once");
        lock.lock();
    }

    private void leave() {
        List<Runnable> due = List.of();
        if (!afterwards.isEmpty()) {
            due = afterwards;
            afterwards = new ArrayList<>();
        }
        lock.unlock();
        due.forEach(Runnable::run);
    }

    /// Leaves `call` for the time after the lock. Only under the lock.
    void afterwards(Runnable call) {
        Bug.check(lock.isHeldByCurrentThread(), "calls are left under the lock");
        afterwards.add(call);
    }

    /// States that the caller holds the lock.
    void check() {
        Bug.check(lock.isHeldByCurrentThread(), "a domain's state is used under its lock");
    }
}
