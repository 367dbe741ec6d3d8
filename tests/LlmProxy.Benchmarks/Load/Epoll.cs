using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace LlmProxy.Benchmarks.Load;

/// <summary>Just enough of Linux's epoll for one thread to watch thousands of sockets cheaply.</summary>
internal sealed unsafe partial class Epoll : IDisposable
{
    private const int Add = 1;
    private const int Modify = 3;
    private const uint Readable = 0x1;
    private const uint Writable = 0x4;
    private const int MaxEvents = 256;

    // The kernel packs the event on x64 and aligns it elsewhere.
    private static readonly int Stride = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int DataOffset = Stride - 8;

    private readonly byte[] _events = new byte[MaxEvents * 16];
    private readonly int _handle = Create(0);

    /// <summary>Watches a socket; the token comes back with its events.</summary>
    public void Watch(nint socket, int token) => Control(Add, socket, token, Readable);

    /// <summary>Asks, or stops asking, to be told when the socket takes more bytes.</summary>
    public void WatchWrites(nint socket, int token, bool writes) =>
        Control(Modify, socket, token, writes ? Readable | Writable : Readable);

    /// <summary>Waits for events and says how many there are.</summary>
    public int Wait(int timeoutMs)
    {
        fixed (byte* events = _events)
        {
            return Math.Max(0, Wait(_handle, events, MaxEvents, timeoutMs)); // -1: interrupted, nothing to see.
        }
    }

    public int TokenOf(int index) =>
        BinaryPrimitives.ReadInt32LittleEndian(_events.AsSpan(index * Stride + DataOffset));

    public void Dispose() => _ = Close(_handle);

    private void Control(int operation, nint socket, int token, uint interest)
    {
        byte* e = stackalloc byte[16];
        new Span<byte>(e, 16).Clear();
        *(uint*)e = interest;
        *(long*)(e + DataOffset) = token;
        if (Control(_handle, operation, (int)socket, e) != 0)
        {
            throw new InvalidOperationException($"epoll refused a socket: error {Marshal.GetLastPInvokeError()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int Control(int epoll, int operation, int socket, byte* e);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int Wait(int epoll, byte* events, int maxEvents, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int handle);
}
