package org.xenolith.xen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.xen.abi.MemoryAbi.*;

import org.junit.jupiter.api.Test;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.HvmAbi;
import org.xenolith.xen.abi.Struct;
import org.xenolith.xen.abi.XenAbi;
import org.xenolith.xen.abi.XenErrno;

class MemoryOpsTest {
    private Guest guest = new Guest();

    private long op(long command, Struct struct, Object... members) {
        long at = guest.put(struct, members);
        return guest.call(XenAbi.__HYPERVISOR_memory_op, command, at);
    }

    private long adjust(long command, int order, int flags, long... gfns) {
        for (int i = 0; i < gfns.length; i++) {
            guest.memory.writeLong(Guest.LIST + i * 8L, gfns[i]);
        }
        return op(
                command,
                RESERVATION,
                "extent_start",
                Guest.LIST,
                "nr_extents",
                gfns.length,
                "extent_order",
                order,
                "mem_flags",
                flags,
                "domid",
                Guest.SELF);
    }

    private long reservation() {
        return op(XENMEM_current_reservation, DOMAIN, "domid", Guest.SELF);
    }

    private long add(int space, long index, long gfn) {
        return op(
                XENMEM_add_to_physmap,
                ADD_TO_PHYSMAP,
                "domid",
                Guest.SELF,
                "space",
                space,
                "idx",
                index,
                "gpfn",
                gfn);
    }

    @Test
    void aPageGivenBackIsAHoleAndComesBackEmpty() {
        guest.memory.writeInt(0x80000, 77);
        assertThat(adjust(XENMEM_decrease_reservation, 0, 0, 0x80)).isEqualTo(1);
        assertThat(guest.memory.frameAt(0x80)).isNegative();
        assertThat(reservation()).isEqualTo(Guest.RAM_PAGES - 1);
        assertThat(adjust(XENMEM_decrease_reservation, 0, 0, 0x80)).isZero();
        assertThat(adjust(XENMEM_populate_physmap, 0, 0, 0x80)).isEqualTo(1);
        assertThat(guest.memory.readInt(0x80000)).isZero();
        assertThat(reservation()).isEqualTo(Guest.RAM_PAGES);
    }

    @Test
    void aListEndsAtTheFirstThatFails() {
        assertThat(adjust(XENMEM_decrease_reservation, 0, 0, 0x80, 0x81, 1L << 40, 0x82))
                .isEqualTo(2);
        assertThat(guest.memory.frameAt(0x82)).isNotNegative();
    }

    @Test
    void aPageThatIsGivenBackTwiceInOneListEndsIt() {
        assertThat(adjust(XENMEM_decrease_reservation, 0, 0, 0x80, 0x81, 0x80, 0x82)).isEqualTo(2);
        assertThat(guest.memory.frameAt(0x82)).isNotNegative();
        assertThat(reservation()).isEqualTo(Guest.RAM_PAGES - 2);
    }

    @Test
    void theLimitHoldsForWhatIsTakenAndNotForWhatThereIs() {
        guest.domain.limitPages(Guest.RAM_PAGES - 1);
        assertThat(reservation()).isEqualTo(Guest.RAM_PAGES);
        assertThat(op(XENMEM_maximum_reservation, DOMAIN, "domid", 7))
                .isEqualTo(Guest.RAM_PAGES - 1);
        assertThat(adjust(XENMEM_populate_physmap, 0, 0, 0x10000)).isZero();
        assertThat(adjust(XENMEM_decrease_reservation, 0, 0, 0x80, 0x81)).isEqualTo(2);
        assertThat(adjust(XENMEM_populate_physmap, 0, 0, 0x80, 0x81)).isEqualTo(1);
        assertThat(adjust(XENMEM_increase_reservation, 0, 0, 0)).isZero();
    }

    @Test
    void aDomainWithMoreOnItsMapGivesBackFirstWhatItNeverHad() {
        guest = Guest.onDemand(10);
        assertThat(reservation()).isEqualTo(Guest.RAM_PAGES - 10);
        adjust(XENMEM_decrease_reservation, 0, 0, 0x80, 0x81, 0x82, 0x83);
        assertThat(reservation()).isEqualTo(Guest.RAM_PAGES - 10);
        guest.domain.setTargetPages(Guest.RAM_PAGES - 9);
        assertThat(reservation()).isEqualTo(Guest.RAM_PAGES - 9);
        adjust(XENMEM_decrease_reservation, 0, 0, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89);
        assertThat(reservation()).isEqualTo(Guest.RAM_PAGES - 10);
        guest.domain.setTargetPages(Guest.RAM_PAGES);
        assertThat(reservation()).isEqualTo(Guest.RAM_PAGES - 10);
    }

    @Test
    void aDomainGrowsToItsMaximumAndNoFurther() {
        var gfns = new long[100];
        for (int i = 0; i < gfns.length; i++) {
            gfns[i] = 0x10000 + i;
        }
        assertThat(adjust(XENMEM_populate_physmap, 0, 0, gfns)).isEqualTo(64);
        assertThat(reservation()).isEqualTo(Guest.PAGES_MAX);
        assertThat(op(XENMEM_maximum_reservation, DOMAIN, "domid", 7)).isEqualTo(Guest.PAGES_MAX);
        assertThat(op(XENMEM_maximum_gpfn, DOMAIN, "domid", 7)).isEqualTo(0x10000 + 63);
    }

    @Test
    void extentsHaveAnOrder() {
        assertThat(adjust(XENMEM_decrease_reservation, 4, 0, 0x80)).isEqualTo(1);
        assertThat(reservation()).isEqualTo(Guest.RAM_PAGES - 16);
        assertThat(adjust(XENMEM_populate_physmap, 4, 0, 0x80)).isEqualTo(1);
        assertThat(adjust(XENMEM_populate_physmap, 10, 0, 0x80)).isZero();
        assertThat(adjust(XENMEM_populate_physmap, -1, 0, 0x80)).isZero();
    }

    @Test
    void everyNodeInTheFlagsIsSurvived() {
        for (int flags = 0; flags < 0x40000; flags += 0x100) {
            assertThat(adjust(XENMEM_increase_reservation, 0, flags, 0)).isBetween(0L, 1L);
        }
        assertThat(reservation()).isEqualTo(Guest.PAGES_MAX);
    }

    @Test
    void whatIsWrongWithAnAdjustmentShowsAsNoProgress() {
        long continued = XENMEM_populate_physmap | 5 << 6;
        assertThat(guest.call(XenAbi.__HYPERVISOR_memory_op, continued, Guest.HOLE)).isEqualTo(5);
        assertThat(op(continued, RESERVATION, "domid", 9, "nr_extents", 10)).isEqualTo(5);
        assertThat(op(continued, RESERVATION, "domid", Guest.SELF, "nr_extents", 1L << 32))
                .isEqualTo(5);
        assertThat(adjust(XENMEM_populate_physmap, 0, 1 << 16, 0x80)).isZero();
        assertThat(adjust(XENMEM_populate_physmap, 0, 1 << 17 | 1 << 8, 0x80)).isZero();
    }

    @Test
    void aThirtyTwoBitCallerHasAThirtyTwoBitList() {
        guest.memory.writeInt(Guest.LIST, 0x80);
        guest.memory.writeInt(Guest.LIST + 4, 0x81);
        long at =
                guest.put(
                        Abi.X86_32,
                        RESERVATION,
                        "extent_start",
                        Guest.LIST,
                        "nr_extents",
                        2,
                        "domid",
                        Guest.SELF);
        assertThat(guest.call32(XenAbi.__HYPERVISOR_memory_op, XENMEM_decrease_reservation, at))
                .isEqualTo(2);
        assertThat(guest.memory.frameAt(0x81)).isNegative();
    }

    @Test
    void theSharedInfoPageIsAtOnePlace() {
        assertThat(add(XENMAPSPACE_shared_info, 0, 0x90)).isZero();
        int frame = guest.memory.frameAt(0x90);
        assertThat(reservation()).isEqualTo(Guest.RAM_PAGES - 1);
        assertThat(add(XENMAPSPACE_shared_info, 0, 0x91)).isZero();
        assertThat(guest.memory.frameAt(0x91)).isEqualTo(frame);
        assertThat(guest.memory.frameAt(0x90)).isNegative();
        assertThat(add(XENMAPSPACE_shared_info, 1, 0x92)).isEqualTo(XenErrno.EINVAL.negative());
        assertThat(add(XENMAPSPACE_shared_info, 0, -1)).isEqualTo(XenErrno.EINVAL.negative());
    }

    @Test
    void aSpecialPageIsUnhookedAndNotLost() {
        add(XENMAPSPACE_shared_info, 0, 0x90);
        guest.memory.writeInt(0x90800, 99);
        assertThat(adjust(XENMEM_decrease_reservation, 0, 0, 0x90)).isEqualTo(1);
        assertThat(guest.memory.frameAt(0x90)).isNegative();
        add(XENMAPSPACE_shared_info, 0, 0x91);
        assertThat(guest.memory.readInt(0x91800)).isEqualTo(99);
        assertThat(adjust(XENMEM_populate_physmap, 0, 0, 0x91)).isEqualTo(1);
        assertThat(guest.memory.readInt(0x91800)).isZero();
        add(XENMAPSPACE_shared_info, 0, 0x92);
        assertThat(guest.memory.readInt(0x92800)).isEqualTo(99);
        assertThat(guest.memory.frameAt(0x91)).isNotNegative();
    }

    @Test
    void aPageMoves() {
        guest.memory.writeInt(0x80000, 5);
        assertThat(add(XENMAPSPACE_gmfn, 0x80, 0x20000)).isZero();
        assertThat(guest.memory.readInt(0x2000_0000L)).isEqualTo(5);
        assertThat(guest.memory.frameAt(0x80)).isNegative();
        assertThat(reservation()).isEqualTo(Guest.RAM_PAGES);
        assertThat(add(XENMAPSPACE_gmfn, 0x80, 0x81)).isEqualTo(XenErrno.EACCES.negative());
        assertThat(add(XENMAPSPACE_gmfn_foreign, 0x80, 0x81)).isEqualTo(XenErrno.ENOSYS.negative());
        assertThat(add(XENMAPSPACE_dev_mmio, 0x80, 0x81)).isEqualTo(XenErrno.EACCES.negative());
        assertThat(add(17, 0x80, 0x81)).isEqualTo(XenErrno.EINVAL.negative());
    }

    @Test
    void aRangeMovesOverItself() {
        for (int i = 0; i < 4; i++) {
            guest.memory.writeInt((0x80L + i) << 12, i + 1);
        }
        assertThat(
                        op(
                                XENMEM_add_to_physmap,
                                ADD_TO_PHYSMAP,
                                "domid",
                                Guest.SELF,
                                "size",
                                4,
                                "space",
                                XENMAPSPACE_gmfn_range,
                                "idx",
                                0x80,
                                "gpfn",
                                0x82))
                .isZero();
        for (int i = 0; i < 4; i++) {
            assertThat(guest.memory.readInt((0x82L + i) << 12)).isEqualTo(i + 1);
        }
        assertThat(guest.memory.frameAt(0x80)).isNegative();
    }

    @Test
    void aBatchHasAnErrorForEach() {
        guest.memory.writeLong(Guest.LIST, 0x80);
        guest.memory.writeLong(Guest.LIST + 8, 1L << 50);
        guest.memory.writeLong(Guest.LIST + 64, 0x20000);
        guest.memory.writeLong(Guest.LIST + 72, 0x20001);
        assertThat(
                        op(
                                XENMEM_add_to_physmap_batch,
                                ADD_TO_PHYSMAP_BATCH,
                                "domid",
                                Guest.SELF,
                                "space",
                                XENMAPSPACE_gmfn,
                                "size",
                                2,
                                "idxs",
                                Guest.LIST,
                                "gpfns",
                                Guest.LIST + 64,
                                "errs",
                                Guest.LIST + 128))
                .isZero();
        assertThat(guest.memory.readInt(Guest.LIST + 128)).isZero();
        assertThat(guest.memory.readInt(Guest.LIST + 132))
                .isEqualTo((int) XenErrno.EACCES.negative());
    }

    @Test
    void aRemovedPageStillCounts() {
        assertThat(
                        op(
                                XENMEM_remove_from_physmap,
                                REMOVE_FROM_PHYSMAP,
                                "domid",
                                Guest.SELF,
                                "gpfn",
                                0x80))
                .isZero();
        assertThat(reservation()).isEqualTo(Guest.RAM_PAGES);
        assertThat(
                        op(
                                XENMEM_remove_from_physmap,
                                REMOVE_FROM_PHYSMAP,
                                "domid",
                                Guest.SELF,
                                "gpfn",
                                0x80))
                .isEqualTo(XenErrno.ENOENT.negative());
    }

    @Test
    void theMemoryMapIsCopiedAsFarAsThereIsRoom() {
        assertThat(op(XENMEM_memory_map, MEMORY_MAP, "nr_entries", 9, "buffer", Guest.LIST))
                .isZero();
        assertThat(guest.got(MEMORY_MAP, "nr_entries")).isEqualTo(1);
        assertThat(guest.memory.readLong(Guest.LIST + 8)).isEqualTo(Guest.RAM_BYTES);
        assertThat(guest.memory.readInt(Guest.LIST + 16)).isEqualTo(1);
        assertThat(op(XENMEM_memory_map, MEMORY_MAP, "nr_entries", 0, "buffer", Guest.HOLE))
                .isZero();
    }

    @Test
    void otherDomainsMemoryIsNoneOfAGuestsBusiness() {
        assertThat(op(XENMEM_current_reservation, DOMAIN, "domid", 0))
                .isEqualTo(XenErrno.EPERM.negative());
        assertThat(op(XENMEM_current_reservation, DOMAIN, "domid", 3))
                .isEqualTo(XenErrno.ESRCH.negative());
        assertThat(op(XENMEM_machine_memory_map, MEMORY_MAP)).isEqualTo(XenErrno.EPERM.negative());
        assertThat(op(XENMEM_machphys_mapping, MEMORY_MAP)).isEqualTo(XenErrno.ENOSYS.negative());
        assertThat(op(XENMEM_exchange, EXCHANGE, "in.nr_extents", 1, "out.nr_extents", 1))
                .isEqualTo(XenErrno.EPERM.negative());
        assertThat(op(XENMEM_acquire_resource, ACQUIRE_RESOURCE))
                .isEqualTo(XenErrno.EACCES.negative());
        assertThat(op(XENMEM_current_reservation | 1 << 6, DOMAIN))
                .isEqualTo(XenErrno.EINVAL.negative());
        assertThat(op(60, DOMAIN)).isEqualTo(XenErrno.ENOSYS.negative());
    }

    @Test
    void pagesCannotBeExchanged() {
        guest.memory.writeLong(Guest.LIST, 0x80);
        assertThat(
                        op(
                                XENMEM_exchange,
                                EXCHANGE,
                                "in.extent_start",
                                Guest.LIST,
                                "in.nr_extents",
                                1,
                                "in.domid",
                                Guest.SELF,
                                "out.nr_extents",
                                1,
                                "out.domid",
                                Guest.SELF))
                .isEqualTo(XenErrno.EOPNOTSUPP.negative());
    }

    @Test
    void ramAndHolesHaveATypeOfMemory() {
        long at = guest.put(HvmAbi.GET_MEM_TYPE, "domid", Guest.SELF, "pfn", 0x80);
        assertThat(guest.call(XenAbi.__HYPERVISOR_hvm_op, HvmAbi.HVMOP_get_mem_type, at)).isZero();
        assertThat(guest.got(HvmAbi.GET_MEM_TYPE, "mem_type")).isEqualTo(HvmAbi.HVMMEM_ram_rw);
        at = guest.put(HvmAbi.GET_MEM_TYPE, "domid", Guest.SELF, "pfn", -1L);
        assertThat(guest.call(XenAbi.__HYPERVISOR_hvm_op, HvmAbi.HVMOP_get_mem_type, at)).isZero();
        assertThat(guest.got(HvmAbi.GET_MEM_TYPE, "mem_type")).isEqualTo(HvmAbi.HVMMEM_mmio_dm);
    }
}
