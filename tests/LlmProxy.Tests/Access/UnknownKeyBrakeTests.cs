using System.Net;
using LlmProxy.Access;

namespace LlmProxy.Tests.Access;

public sealed class UnknownKeyBrakeTests
{
    private static readonly IPAddress Somebody = IPAddress.Parse("203.0.113.5");

    private readonly FakeTimeProvider _time = new();
    private readonly UnknownKeyBrake _brake;

    public UnknownKeyBrakeTests() => _brake = new UnknownKeyBrake(_time);

    [Fact]
    public void Address_WithoutTriesLeft_GetsThemBackEvenly()
    {
        Spend(Somebody, 10);

        TimeSpan wait = Assert.NotNull(_brake.Refuse(Somebody, 10));
        Assert.Equal(6, wait.TotalSeconds, 3);
        _time.Advance(wait - TimeSpan.FromMilliseconds(10));
        Assert.NotNull(_brake.Refuse(Somebody, 10));
        _time.Advance(TimeSpan.FromMilliseconds(10));
        Assert.Null(_brake.Refuse(Somebody, 10));
        Assert.NotNull(_brake.Refuse(Somebody, 10));
    }

    [Fact]
    public void Address_ThatIsRefused_IsNotPunishedForAsking()
    {
        Spend(Somebody, 10);
        for (int i = 0; i < 1000; i++)
        {
            Assert.NotNull(_brake.Refuse(Somebody, 10));
        }

        _time.Advance(TimeSpan.FromMinutes(1));
        Spend(Somebody, 10);
    }

    [Fact]
    public void Addresses_OfOneSubscriber_CountTogether()
    {
        for (int i = 0; i < 10; i++)
        {
            Assert.Null(_brake.Refuse(IPAddress.Parse($"2001:db8:1:2::{i}"), 10));
        }

        Assert.NotNull(_brake.Refuse(IPAddress.Parse("2001:db8:1:2:ffff::"), 10));
        Assert.Null(_brake.Refuse(IPAddress.Parse("2001:db8:1:3::1"), 10));
        Assert.Null(_brake.Refuse(Somebody, 10));
        Assert.Null(_brake.Refuse(IPAddress.Parse("203.0.113.6"), 10));
    }

    [Fact]
    public void Addresses_MoreThanCanBeRemembered_ShareWhatIsLeft()
    {
        for (int i = 0; i < UnknownKeyBrake.MostAddresses; i++)
        {
            Assert.Null(_brake.Refuse(new IPAddress(BitConverter.GetBytes(i + 1)), 10));
        }

        for (int i = 0; i < 10; i++)
        {
            Assert.Null(_brake.Refuse(IPAddress.Parse($"2001:db8:{i}::"), 10));
        }

        Assert.NotNull(_brake.Refuse(IPAddress.Parse("2001:db8:99::"), 10));

        // Once they are forgotten there is room again.
        _time.Advance(TimeSpan.FromMinutes(1));
        Spend(IPAddress.Parse("2001:db8:99::"), 10);
    }

    [Fact]
    public void Brake_SwitchedOff_RefusesNobody()
    {
        for (int i = 0; i < 1000; i++)
        {
            Assert.Null(_brake.Refuse(Somebody, 0));
        }
    }

    private void Spend(IPAddress address, int tries)
    {
        for (int i = 0; i < tries; i++)
        {
            Assert.Null(_brake.Refuse(address, 10));
        }
    }
}
