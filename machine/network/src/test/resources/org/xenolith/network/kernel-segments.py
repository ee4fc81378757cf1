# Makes kernel-segments.txt, as root: unshare -n python3 kernel-segments.py >kernel-segments.txt
# Long segments and unfinished checksums go into a tap with offloads; what comes out of another one
# without, behind a bridge, is what the kernel has made of them.
import fcntl, os, struct, socket, select, subprocess, time, sys
def sh(c): subprocess.check_call(c, shell=True)
def tap(name, vnet):
    fd=os.open('/dev/net/tun', os.O_RDWR|os.O_NONBLOCK)
    fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', name.encode(), 0x0002|0x1000|(0x4000 if vnet else 0)))
    if vnet: fcntl.ioctl(fd, 0x400454d0, 0x01|0x02|0x04|0x08)
    return fd
def csum(b):
    if len(b)%2: b+=b'\0'
    s=sum(struct.unpack('!%dH'%(len(b)//2), b))
    while s>>16: s=(s>>16)+(s&0xffff)
    return s
a=tap('gso0',True); b=tap('gso1',False)
sh('ip link add gsobr type bridge mcast_snooping 0 2>/dev/null; sysctl -qw net.ipv6.conf.all.disable_ipv6=1; ip link set gso0 master gsobr; ip link set gso1 master gsobr; ip link set gso0 up; ip link set gso1 up; ip link set gsobr up')
time.sleep(0.5)
def frame(v6, flags, payload, opts=b'', vlan=False, ext=b''):
    eth=bytes.fromhex('0216' '3e000002' '0216' '3e000001')
    if vlan: eth+=b'\x81\x00\x00\x05'
    tcp_len=20+len(opts)
    tcp=struct.pack('!HHIIBBHHH', 40000, 5201, 0xfffffff0, 0x01020304, (tcp_len//4)<<4, flags, 501, 0, 0)+opts
    if v6:
        src=bytes.fromhex('fd000000000000000000000000000001'); dst=bytes.fromhex('fd000000000000000000000000000002')
        nh=6
        if ext: nh=60; 
        ip=struct.pack('!IHBB',0x60012345,len(ext)+tcp_len+len(payload),nh,64)+src+dst+ext
        ps=csum(src+dst+struct.pack('!II',tcp_len+len(payload),6)); eth+=b'\x86\xdd'
    else:
        src=bytes([10,0,0,1]); dst=bytes([10,0,0,2])
        ip=struct.pack('!BBHHHBBH',0x45,0,20+tcp_len+len(payload),0xfffe,0x4000,64,6,0)+src+dst
        ip=ip[:10]+struct.pack('!H',~csum(ip)&0xffff)+ip[12:]
        ps=csum(src+dst+struct.pack('!HH',6,tcp_len+len(payload))); eth+=b'\x08\x00'
    tcp=tcp[:16]+struct.pack('!H',ps)+tcp[18:]
    return eth+ip+tcp+payload, len(eth)+len(ip), tcp_len
def drain():
    out=[]
    end=time.time()+0.4
    while time.time()<end:
        r,_,_=select.select([b],[],[],0.1)
        if r:
            p=os.read(b,70000)
            if p[0:6]==bytes.fromhex('02163e000002'): out.append(p)
    return out
drain()
pay=bytes((i*7+i//251)&0xff for i in range(5000))
cases=[('ipv4 cwr psh fin',False,0x80|0x18|0x01,pay,b'',1448,False,b''),
       ('ipv4 options',False,0x18,pay[:3001],bytes.fromhex('0101080a0102030405060708'),1000,False,b''),
       ('ipv6',True,0x18,pay,bytes.fromhex('0101080a0102030405060708'),1428,False,b''),
       ('ipv6 destination options',True,0x98,pay[:2999],b'',1100,False,bytes.fromhex('0600010400000000')),
       ('ipv4 vlan',False,0x10,pay[:2500],b'',1200,True,b'')]
for name,v6,fl,p,o,size,vlan,ext in cases:
    f,tr,tl=frame(v6,fl,p,o,vlan,ext)
    hdr=struct.pack('<BBHHHH',1,(4 if v6 else 1)|(0x80 if fl&0x80 else 0),tr+tl,size,tr,16)
    os.write(a,hdr+f)
    print('case',name); print('size',size); print('whole',f.hex())
    for x in drain(): print('piece',x.hex())
# checksum only
for name,proto,off,n in (('udp odd',17,6,101),('tcp',6,16,64)):
    eth=bytes.fromhex('02163e00000202163e0000010800')
    src=bytes([10,0,0,1]); dst=bytes([10,0,0,2])
    if proto==17: l4=struct.pack('!HHHH',1000,53,8+n,csum(src+dst+struct.pack('!HH',17,8+n)))+pay[:n]
    else: l4=struct.pack('!HHIIBBHHH',1,2,3,4,0x50,0x10,9,csum(src+dst+struct.pack('!HH',6,20+n)),0)+pay[:n]
    ip=struct.pack('!BBHHHBBH',0x45,0,20+len(l4),1,0x4000,64,proto,0)+src+dst
    ip=ip[:10]+struct.pack('!H',~csum(ip)&0xffff)+ip[12:]
    os.write(a,struct.pack('<BBHHHH',1,0,0,0,34,off)+eth+ip+l4)
    print('case',name); print('size 0'); print('whole',(eth+ip+l4).hex())
    for x in drain(): print('piece',x.hex())
