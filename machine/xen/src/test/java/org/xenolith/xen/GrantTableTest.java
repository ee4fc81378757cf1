package org.xenolith.xen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.xen.abi.GrantTableAbi.*;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.xenolith.base.DomainId;
import org.xenolith.device.Migratability;
import org.xenolith.xen.abi.Abi;
import org.xenolith.xen.abi.MemoryAbi;
import org.xenolith.xen.abi.Struct;
import org.xenolith.xen.abi.XenAbi;
import org.xenolith.xen.abi.XenErrno;

class GrantTableTest {
    private static final long TABLE = 0x9000;

    private final Guest guest = new Guest();

    @BeforeEach
    void mapTheTable() {
        long at =
                guest.put(
                        MemoryAbi.ADD_TO_PHYSMAP,
                        "domid",
                        Guest.SELF,
                        "space",
                        MemoryAbi.XENMAPSPACE_grant_table,
                        "gpfn",
                        TABLE >>> 12);
        assertThat(guest.call(XenAbi.__HYPERVISOR_memory_op, 7, at)).isZero();
    }

    private long op(int command, Struct struct, Object... members) {
        long at = guest.put(struct, members);
        return guest.call(XenAbi.__HYPERVISOR_grant_table_op, command, at, 1);
    }

    private short status(Struct struct) {
        return (short) guest.got(struct, "status");
    }

    private void grant(int reference, int domain, long gfn, int flags) {
        guest.memory.writeInt(TABLE + reference * 8L + 4, (int) gfn);
        guest.memory.writeInt(TABLE + reference * 8L, domain << 16 | GTF_permit_access | flags);
    }

    private int flags(int reference) {
        return guest.memory.readShort(TABLE + reference * 8L);
    }

    @Test
    void aBackEndMapsWhatItWasGranted() {
        grant(9, 0, 0x30, 0);
        var mapping = guest.domain.mapGrant(DomainId.CONTROL, 9, true).orElseThrow();
        assertThat(mapping.gfn()).isEqualTo(0x30);
        assertThat(flags(9) & (GTF_reading | GTF_writing)).isEqualTo(GTF_reading | GTF_writing);
        mapping.close();
        mapping.close();
        assertThat(flags(9)).isEqualTo(GTF_permit_access);
    }

    @Test
    void marksStayUntilTheLastMappingEnds() {
        grant(9, 0, 0x30, 0);
        var reader = guest.domain.mapGrant(DomainId.CONTROL, 9, false).orElseThrow();
        var writer = guest.domain.mapGrant(DomainId.CONTROL, 9, true).orElseThrow();
        writer.close();
        assertThat(flags(9)).isEqualTo(GTF_permit_access | GTF_reading);
        reader.close();
        assertThat(flags(9)).isEqualTo(GTF_permit_access);
    }

    @Test
    void aPageThatWasGivenBackIsNotMapped() {
        grant(9, 0, 0x30, 0);
        guest.memory.writeLong(Guest.LIST, 0x30);
        long at =
                guest.put(
                        MemoryAbi.RESERVATION,
                        "extent_start",
                        Guest.LIST,
                        "nr_extents",
                        1,
                        "domid",
                        Guest.SELF);
        assertThat(
                        guest.call(
                                XenAbi.__HYPERVISOR_memory_op,
                                MemoryAbi.XENMEM_decrease_reservation,
                                at))
                .isEqualTo(1);
        assertThat(guest.domain.mapGrant(DomainId.CONTROL, 9, true)).isEmpty();
        assertThat(flags(9)).isEqualTo(GTF_permit_access);
    }

    @Test
    void whatWasNotGrantedIsNotMapped() {
        grant(9, 0, 0x30, GTF_readonly);
        grant(10, 3, 0x30, 0);
        grant(11, 0, Guest.HOLE >>> 12, 0);
        assertThat(guest.domain.mapGrant(DomainId.CONTROL, 9, true)).isEmpty();
        assertThat(guest.domain.mapGrant(DomainId.CONTROL, 10, false)).isEmpty();
        assertThat(guest.domain.mapGrant(DomainId.CONTROL, 11, false)).isEmpty();
        assertThat(guest.domain.mapGrant(DomainId.CONTROL, 12, false)).isEmpty();
        assertThat(guest.domain.mapGrant(DomainId.CONTROL, 512, false)).isEmpty();
        assertThat(guest.domain.mapGrant(DomainId.CONTROL, -1, false)).isEmpty();
        assertThat(flags(11)).isEqualTo(GTF_permit_access);
    }

    @Test
    void grantsOfACopyAreHeldTogetherOrNotAtAll() {
        grant(9, 0, 0x30, GTF_readonly);
        grant(10, 0, 0x31, 0);
        var frames = new long[2];
        var both = new int[] {9, 10};
        assertThat(guest.domain.holdGrants(DomainId.CONTROL, both, 2, false, frames)).isTrue();
        assertThat(frames).containsExactly(0x30, 0x31);
        assertThat(flags(10)).isEqualTo(GTF_permit_access | GTF_reading);
        guest.domain.letGoGrants(both, 2, false);
        assertThat(flags(10)).isEqualTo(GTF_permit_access);
        var writableFirst = new int[] {10, 9};
        assertThat(guest.domain.holdGrants(DomainId.CONTROL, writableFirst, 2, true, frames))
                .isFalse();
        assertThat(flags(9)).isEqualTo(GTF_permit_access | GTF_readonly);
        assertThat(flags(10)).isEqualTo(GTF_permit_access);
        assertThat(guest.domain.holdGrants(DomainId.CONTROL, writableFirst, 1, true, frames))
                .isTrue();
        assertThat(flags(10) & GTF_writing).isEqualTo(GTF_writing);
        guest.domain.letGoGrants(writableFirst, 1, true);
    }

    @Test
    void theTableGrowsAsFramesAreMappedUpToItsLimit() {
        for (int frame = 0; frame < 4; frame++) {
            long at =
                    guest.put(
                            MemoryAbi.ADD_TO_PHYSMAP,
                            "domid",
                            Guest.SELF,
                            "space",
                            MemoryAbi.XENMAPSPACE_grant_table,
                            "idx",
                            frame,
                            "gpfn",
                            0x40 + frame);
            assertThat(guest.call(XenAbi.__HYPERVISOR_memory_op, 7, at)).isZero();
        }
        long at =
                guest.put(
                        MemoryAbi.ADD_TO_PHYSMAP,
                        "domid",
                        Guest.SELF,
                        "space",
                        MemoryAbi.XENMAPSPACE_grant_table,
                        "idx",
                        4,
                        "gpfn",
                        0x44);
        assertThat(guest.call(XenAbi.__HYPERVISOR_memory_op, 7, at))
                .isEqualTo(XenErrno.EINVAL.negative());
        assertThat(op(GNTTABOP_query_size, QUERY_SIZE, "dom", Guest.SELF)).isZero();
        assertThat(guest.got(QUERY_SIZE, "nr_frames")).isEqualTo(4);
        assertThat(guest.got(QUERY_SIZE, "max_nr_frames")).isEqualTo(4);
    }

    @Test
    void queriesOfOtherDomainsHaveAStatus() {
        assertThat(op(GNTTABOP_query_size, QUERY_SIZE, "dom", 0)).isZero();
        assertThat(status(QUERY_SIZE)).isEqualTo((short) GNTST_permission_denied);
        assertThat(op(GNTTABOP_query_size, QUERY_SIZE, "dom", 5)).isZero();
        assertThat(status(QUERY_SIZE)).isEqualTo((short) GNTST_bad_domain);
    }

    @Test
    void onlyVersionOneIsOffered() {
        assertThat(op(GNTTABOP_get_version, GET_VERSION, "dom", Guest.SELF)).isZero();
        assertThat(guest.got(GET_VERSION, "version")).isEqualTo(1);
        assertThat(op(GNTTABOP_set_version, SET_VERSION, "version", 1)).isZero();
        assertThat(op(GNTTABOP_set_version, SET_VERSION, "version", 2))
                .isEqualTo(XenErrno.ENOSYS.negative());
        assertThat(guest.got(SET_VERSION, "version")).isEqualTo(1);
        assertThat(op(GNTTABOP_set_version, SET_VERSION, "version", 3))
                .isEqualTo(XenErrno.EINVAL.negative());
    }

    @Test
    void whatGuestsMayNotDoIsNotImplemented() {
        for (int command :
                new int[] {
                    GNTTABOP_dump_table,
                    GNTTABOP_transfer,
                    GNTTABOP_unmap_and_replace,
                    GNTTABOP_get_status_frames,
                    GNTTABOP_cache_flush,
                    99,
                    -1
                }) {
            assertThat(guest.call(XenAbi.__HYPERVISOR_grant_table_op, command, Guest.SCRATCH, -1))
                    .isEqualTo(XenErrno.ENOSYS.negative());
        }
        assertThat(guest.call(XenAbi.__HYPERVISOR_grant_table_op, GNTTABOP_copy, Guest.SCRATCH, -1))
                .isEqualTo(XenErrno.EINVAL.negative());
    }

    @Test
    void aCopyIsMadeInTheLayoutOfEachCaller() {
        guest.memory.writeLong(0x30010, 0x1122_3344_5566_7788L);
        for (var abi : Abi.values()) {
            guest.memory.writeLong(0x31020, 0);
            long at =
                    guest.put(
                            abi,
                            COPY,
                            "source.u.gmfn",
                            0x30,
                            "source.domid",
                            Guest.SELF,
                            "source.offset",
                            0x10,
                            "dest.u.gmfn",
                            0x31,
                            "dest.domid",
                            Guest.SELF,
                            "dest.offset",
                            0x20,
                            "len",
                            8);
            assertThat(
                            guest.result(
                                            0,
                                            abi,
                                            XenAbi.__HYPERVISOR_grant_table_op,
                                            GNTTABOP_copy,
                                            at,
                                            1)
                                    .value())
                    .isZero();
            assertThat(guest.memory.readLong(0x31020)).isEqualTo(0x1122_3344_5566_7788L);
        }
    }

    @Test
    void aCopyBeyondThePageOrFromNowhereHasAStatus() {
        op(
                GNTTABOP_copy,
                COPY,
                "source.u.gmfn",
                0x30,
                "source.domid",
                Guest.SELF,
                "source.offset",
                4090,
                "dest.u.gmfn",
                0x31,
                "dest.domid",
                Guest.SELF,
                "len",
                8);
        assertThat(status(COPY)).isEqualTo((short) GNTST_bad_copy_arg);
        op(
                GNTTABOP_copy,
                COPY,
                "source.u.gmfn",
                Guest.HOLE >>> 12,
                "source.domid",
                Guest.SELF,
                "dest.domid",
                Guest.SELF);
        assertThat(status(COPY)).isEqualTo((short) GNTST_bad_page);
        op(GNTTABOP_copy, COPY, "source.domid", 0, "dest.domid", Guest.SELF);
        assertThat(status(COPY)).isEqualTo((short) GNTST_permission_denied);
        op(
                GNTTABOP_copy,
                COPY,
                "source.u.ref",
                600,
                "source.domid",
                Guest.SELF,
                "dest.domid",
                Guest.SELF,
                "flags",
                GNTCOPY_source_gref);
        assertThat(status(COPY)).isEqualTo((short) GNTST_bad_gntref);
    }

    private int mapSelf(int reference, long gpa, int flags) {
        op(
                GNTTABOP_map_grant_ref,
                MAP_GRANT_REF,
                "host_addr",
                gpa,
                "flags",
                flags,
                "ref",
                reference,
                "dom",
                7);
        return status(MAP_GRANT_REF);
    }

    @Test
    void aGrantMappedIntoItsOwnDomainShowsTheSamePage() {
        grant(20, 7, 0x30, 0);
        assertThat(mapSelf(20, 0x5000_0000L, GNTMAP_host_map)).isEqualTo(GNTST_okay);
        long handle = guest.got(MAP_GRANT_REF, "handle");
        guest.memory.writeInt(0x30000, 0x1234);
        assertThat(guest.memory.readInt(0x5000_0000L)).isEqualTo(0x1234);
        assertThat(flags(20) & GTF_writing).isNotZero();
        assertThat(guest.domain.migratability()).isInstanceOf(Migratability.Pinned.class);
        op(GNTTABOP_unmap_grant_ref, UNMAP_GRANT_REF, "host_addr", 0x5000_0000L, "handle", handle);
        assertThat(status(UNMAP_GRANT_REF)).isEqualTo((short) GNTST_okay);
        assertThat(guest.memory.frameAt(0x50000)).isNegative();
        assertThat(flags(20)).isEqualTo(GTF_permit_access);
        assertThat(guest.domain.migratability()).isInstanceOf(Migratability.Migratable.class);
    }

    @Test
    void aPageUnderAGrantMappingIsNotGivenBack() {
        grant(20, 7, 0x30, 0);
        mapSelf(20, 0x5000_0000L, GNTMAP_host_map);
        for (long gfn : new long[] {0x30, 0x50000}) {
            guest.memory.writeLong(Guest.LIST, gfn);
            long at =
                    guest.put(
                            MemoryAbi.RESERVATION,
                            "extent_start",
                            Guest.LIST,
                            "nr_extents",
                            1,
                            "domid",
                            Guest.SELF);
            assertThat(guest.call(XenAbi.__HYPERVISOR_memory_op, 1, at)).isZero();
        }
        assertThat(guest.memory.frameAt(0x30)).isEqualTo(guest.memory.frameAt(0x50000));
    }

    @Test
    void badMappingsHaveAStatus() {
        grant(20, 7, 0x30, GTF_readonly);
        assertThat(mapSelf(20, 0x5000_0000L, 0)).isEqualTo(GNTST_bad_gntref);
        assertThat(mapSelf(20, 0x5000_0000L, GNTMAP_host_map | GNTMAP_contains_pte))
                .isEqualTo(GNTST_general_error);
        assertThat(mapSelf(20, 0x5000_0000L, GNTMAP_host_map)).isEqualTo(GNTST_general_error);
        assertThat(mapSelf(20, 0x30000, GNTMAP_host_map | GNTMAP_readonly))
                .isEqualTo(GNTST_general_error);
        assertThat(mapSelf(99, 0x5000_0000L, GNTMAP_host_map)).isEqualTo(GNTST_general_error);
        assertThat(mapSelf(600, 0x5000_0000L, GNTMAP_host_map)).isEqualTo(GNTST_bad_gntref);
        op(GNTTABOP_unmap_grant_ref, UNMAP_GRANT_REF, "handle", 3);
        assertThat(status(UNMAP_GRANT_REF)).isEqualTo((short) GNTST_bad_handle);
    }

    @Test
    void entriesChangePlaces() {
        grant(1, 3, 0x30, 0);
        grant(2, 4, 0x31, 0);
        op(GNTTABOP_swap_grant_ref, SWAP_GRANT_REF, "ref_a", 1, "ref_b", 2);
        assertThat(status(SWAP_GRANT_REF)).isZero();
        assertThat(guest.memory.readInt(TABLE + 8 + 4)).isEqualTo(0x31);
        assertThat(guest.memory.readInt(TABLE + 16 + 4)).isEqualTo(0x30);
    }

    @Test
    void setupTableListsWhereTheFramesAre() {
        assertThat(
                        op(
                                GNTTABOP_setup_table,
                                SETUP_TABLE,
                                "dom",
                                Guest.SELF,
                                "nr_frames",
                                2,
                                "frame_list",
                                Guest.LIST))
                .isZero();
        assertThat(status(SETUP_TABLE)).isZero();
        assertThat(guest.memory.readLong(Guest.LIST)).isEqualTo(TABLE >>> 12);
        assertThat(guest.memory.readLong(Guest.LIST + 8)).isEqualTo(-1);
        op(GNTTABOP_setup_table, SETUP_TABLE, "dom", Guest.SELF, "nr_frames", 5);
        assertThat(status(SETUP_TABLE)).isEqualTo((short) GNTST_general_error);
    }
}
