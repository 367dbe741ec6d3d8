using LlmProxy.Accounting;
using LlmProxy.Accounting.Journal;

namespace LlmProxy.Tests.Accounting.Journal;

/// <summary>Files that were cut, flipped, overwritten: every record that is whole is read, and nothing that is not.</summary>
public sealed class DamageTests : IDisposable
{
    private const int Count = 40;

    private readonly JournalFolder _folder = new();
    private readonly string _directory;
    private readonly string _file;
    private readonly byte[] _whole;
    private readonly List<string> _ids;

    public DamageTests()
    {
        (CallJournal journal, _) = _folder.Open();
        _ids = [.. Enumerable.Range(0, Count).Select(_ => Guid.CreateVersion7().ToString())];
        foreach (string id in _ids)
        {
            journal.Settle(Rows.Full() with { Id = id });
        }

        _directory = _folder.Abandon(journal);
        _file = Directory.GetFiles(_directory, "*.journal").OrderBy(f => f).First(f => new FileInfo(f).Length > 0);
        _whole = File.ReadAllBytes(_file);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Segment_Whole_GivesEveryRow() => Assert.Equal(_ids, Read().Ids);

    [Fact]
    public void Segment_CutAnywhere_GivesEveryRowBeforeTheCut()
    {
        int record = _whole.Length / Count;
        var random = new Random(20261121);
        foreach (int cut in Enumerable.Range(0, 60).Select(_ => random.Next(_whole.Length)).Append(0).Append(record).Append(_whole.Length - 1))
        {
            File.WriteAllBytes(_file, _whole[..cut]);

            Assert.Equal(_ids.Take(cut / record), Read().Ids);
        }
    }

    [Fact]
    public void Segment_WithFlippedBits_LosesTheHitRecordsAlone()
    {
        int record = _whole.Length / Count;
        var random = new Random(42);
        for (int round = 0; round < 60; round++)
        {
            byte[] bytes = [.. _whole];
            var hit = new HashSet<int>();
            for (int i = random.Next(1, 6); i > 0; i--)
            {
                int at = random.Next(bytes.Length);
                bytes[at] ^= (byte)(1 << random.Next(8));
                hit.Add(at / record);
            }

            File.WriteAllBytes(_file, bytes);
            List<string> read = Read().Ids;

            // A bit of the padding behind a record, or one that was flipped back, harms nothing.
            Assert.Equal(_ids.Where(read.Contains), read);
            Assert.Empty(_ids.Where((_, i) => !hit.Contains(i)).Except(read));
        }
    }

    [Fact]
    public void Segment_WithALostPage_GivesWhatIsAroundIt()
    {
        byte[] bytes = [.. _whole];
        bytes.AsSpan(4096, 4096).Clear();
        File.WriteAllBytes(_file, bytes);

        (List<string> read, long damaged) = Read();

        int record = _whole.Length / Count;
        Assert.Equal(_ids.Where((_, i) => (i + 1) * record <= 4096 || i * record >= 8192), read);
        Assert.True(damaged >= 4096);
    }

    [Fact]
    public void Segment_OfGarbage_GivesNothing()
    {
        byte[] bytes = new byte[300_000];
        new Random(7).NextBytes(bytes);
        File.WriteAllBytes(_file, bytes);

        using DeadJournal dead = JournalFolder.Adopt(_directory);

        Assert.True(dead.IsUnreadable);
        Assert.Equal(0, dead.Rows);
    }

    [Fact]
    public void Segment_OfAProcessKilledWhileIdle_IsWhole()
    {
        (CallJournal idle, _) = _folder.Open();
        idle.Settle(Rows.New());
        idle.Tend(); // Tries whether the disk takes another record.

        using DeadJournal dead = JournalFolder.Adopt(_folder.Abandon(idle));

        Assert.Equal((1, 0), (dead.Rows, dead.DamagedBytes));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(12)]
    [InlineData(300_000)]
    public void Segment_OfZeros_IsEmpty(int zeros)
    {
        File.WriteAllBytes(_file, new byte[zeros]);

        using DeadJournal dead = JournalFolder.Adopt(_directory);

        Assert.Equal((false, 0, 0), (dead.IsUnreadable, dead.Rows, dead.DamagedBytes));
    }

    [Fact]
    public void Segment_WhoseLastRecordIsDamaged_CountsThatAndNotTheZerosBehindIt()
    {
        int record = _whole.Length / Count;
        byte[] bytes = [.. _whole, .. new byte[4096]];
        bytes[_whole.Length - record + RecordFrame.HeaderBytes] ^= 1;
        File.WriteAllBytes(_file, bytes);

        (List<string> read, long damaged) = Read();

        Assert.Equal(_ids.SkipLast(1), read);
        Assert.InRange(damaged, record - RecordFrame.Alignment, record);
    }

    [Fact]
    public void Record_OfAnotherOwner_IsNoRecord()
    {
        (CallJournal other, _) = _folder.Open();
        other.Settle(Rows.New());
        string copy = _folder.Abandon(other);
        byte[] foreign = File.ReadAllBytes(Directory.GetFiles(copy, "*.journal").First(f => new FileInfo(f).Length > 0));
        File.WriteAllBytes(_file, [.. _whole, .. foreign, .. _whole[..(_whole.Length / Count)]]);

        Assert.Equal([.. _ids, _ids[0]], Read().Ids);
    }

    [Fact]
    public void Record_OfANewerVersion_IsLeftToIt()
    {
        byte[] bytes = [.. _whole];
        RecordFrameTests.MakeNewer(bytes, Path.GetFileName(_directory));
        File.WriteAllBytes(_file, bytes);

        Assert.Throws<NewerJournalException>(() => JournalFolder.Adopt(_directory));
    }

    private (List<string> Ids, long Damaged) Read()
    {
        using DeadJournal dead = JournalFolder.Adopt(_directory);
        List<string> ids = [.. JournalFolder.ReadAll(dead).Select(row => row.Id)];
        Assert.Equal(dead.Rows, ids.Count);
        return (ids, dead.DamagedBytes);
    }
}
