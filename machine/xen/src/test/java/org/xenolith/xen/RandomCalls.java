package org.xenolith.xen;

import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.XenAbi;

import java.util.random.RandomGenerator;

/// Makes hypercalls at random, such as get past the first check often enough.
final class RandomCalls {
    private static final int[] NUMBERS = {
        XenAbi.__HYPERVISOR_memory_op,
        XenAbi.__HYPERVISOR_multicall,
        XenAbi.__HYPERVISOR_set_timer_op,
        XenAbi.__HYPERVISOR_xen_version,
        XenAbi.__HYPERVISOR_console_io,
        XenAbi.__HYPERVISOR_grant_table_op,
        XenAbi.__HYPERVISOR_vm_assist,
        XenAbi.__HYPERVISOR_vcpu_op,
        XenAbi.__HYPERVISOR_sched_op,
        XenAbi.__HYPERVISOR_event_channel_op,
        XenAbi.__HYPERVISOR_event_channel_op,
        XenAbi.__HYPERVISOR_physdev_op,
        XenAbi.__HYPERVISOR_hvm_op,
        XenAbi.__HYPERVISOR_sysctl,
        XenAbi.__HYPERVISOR_dm_op,
        XenAbi.__HYPERVISOR_xenpmu_op
    };
    private static final int SCRATCH_WORDS = 40;

    private final Guest guest;

    RandomCalls(Guest guest) {
        this.guest = guest;
    }

    /// One random hypercall, with a random structure where it may look for one.
    HypercallResult make(RandomGenerator random) {
        for (int i = 0; i < SCRATCH_WORDS; i++) {
            guest.memory.writeInt(Guest.SCRATCH + i * 4L, (int) number(random));
        }
        long number =
                random.nextInt(20) == 0 ? number(random) : NUMBERS[random.nextInt(NUMBERS.length)];
        var arguments = new long[5];
        for (int i = 0; i < arguments.length; i++) {
            arguments[i] = random.nextBoolean() ? Guest.SCRATCH : number(random);
        }
        if (random.nextInt(8) != 0) {
            arguments[0] = number == XenAbi.__HYPERVISOR_multicall ? Guest.SCRATCH : small(random);
        }
        if (number == XenAbi.__HYPERVISOR_multicall && random.nextInt(50) != 0) {
            arguments[1] = small(random);
        }
        if (number == XenAbi.__HYPERVISOR_grant_table_op && random.nextInt(50) != 0) {
            arguments[2] = small(random);
        }
        if (number == XenAbi.__HYPERVISOR_grant_table_op && arguments[0] == 0) {
            // Grants mapped into their own domain are not state.
            arguments[0] = 5;
        }
        if (number == XenAbi.__HYPERVISOR_vcpu_op && random.nextInt(4) != 0) {
            arguments[1] = random.nextInt(guest.spec.vcpus());
            arguments[2] = Guest.SCRATCH;
        }
        var abi = random.nextInt(3) == 0 ? Abi.X86_32 : Abi.X86_64;
        return guest.result(random.nextInt(guest.spec.vcpus()), abi, number, arguments);
    }

    private static long small(RandomGenerator random) {
        return random.nextInt(random.nextBoolean() ? 6 : 40);
    }

    /// Numbers that mean something: small ones, gfns, the domain, flags, addresses, and any.
    private static long number(RandomGenerator random) {
        return switch (random.nextInt(12)) {
            case 0, 1, 2 -> 0;
            case 3, 4 -> small(random);
            case 5 -> Guest.SELF;
            case 6 -> 7;
            case 7 -> 0x40 + random.nextInt(16);
            case 8 -> Guest.LIST + random.nextInt(64) * 4L;
            case 9 -> 1L << random.nextInt(64);
            case 10 -> -1L - random.nextInt(3);
            default -> random.nextLong();
        };
    }
}
