using System.Globalization;
using LlmProxy.Accounting;

namespace LlmProxy.Tests.Accounting;

public sealed class MoneyTests
{
    [Theory]
    [InlineData("0", 0L)]
    [InlineData("1", 10_000_000_000L)]
    [InlineData("0.0000000001", 1L)]
    [InlineData("0.00000000005", 1L)]
    [InlineData("0.00000000004", 0L)]
    [InlineData("1000000000", long.MaxValue)]
    public void ToUnits_OfUsd_RoundsAtTheTenthPlaceAndNeverOverflows(string usd, long units) =>
        Assert.Equal(units, Money.ToUnits(decimal.Parse(usd, CultureInfo.InvariantCulture)));

    [Fact]
    public void ToUsd_OfUnits_GivesBackWhatWasPaid() => Assert.Equal(12.3456789012m, Money.ToUsd(Money.ToUnits(12.3456789012m)));

    [Fact]
    public void ToUnits_OfAnUnknownPrice_IsUnknown() => Assert.Null(Money.ToUnits((decimal?)null));
}
