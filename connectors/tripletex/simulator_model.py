"""The objects of the Tripletex API as tables: field names in answer order, types, limits, defaults.

Written from the published 2.75.00 contract. Knows nothing of HTTP and of any record's values.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["long", "int", "number", "bool", "date", "text", "enum", "ref", "refs", "texts", "changes"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object."""

    name: str
    kind: Kind
    target: str = ""
    """Entity a `ref` or `refs` points at."""
    limit: int | None = None
    """Longest text."""
    options: tuple[str, ...] = ()
    """Allowed values of an `enum`."""
    read_only: bool = False
    on_demand: bool = False
    """Not part of `*`: answered only when named in `fields`."""
    default: Any = None
    """What an unset field shows: `""`, 0, false, null or an empty list."""


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of object. `path` is its resource path below the base URL; "" means value object."""

    name: str
    path: str
    fields: dict[str, Field]
    opaque: bool = False
    """Only id, version and url are simulated; other names are taken and left out of answers."""


def entity(name: str) -> Entity:
    """The entity of a name; one that no table here describes is opaque."""
    known = ENTITIES.get(name)
    if known is None:
        path = _OPAQUE_PATHS.get(name, name[:1].lower() + name[1:])
        known = ENTITIES[name] = Entity(name, path, _fields("id:long version:int url!"), opaque=True)
    return known


def _fields(text: str) -> dict[str, Field]:
    """Read `name[:type][=default][!][~]` tokens; `!` is read-only, `~` on demand only."""
    found = [_field(token) for token in text.split()]
    return {field.name: field for field in found}


def _field(token: str) -> Field:
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise ValueError(f"unreadable field {token!r}")
    name, kind_text, default_text, marks = match.groups()
    kind_text = kind_text or "text"
    kind, target, limit, options = _kind(kind_text)
    return Field(
        name,
        kind,
        target,
        limit,
        options,
        read_only="!" in marks,
        on_demand="~" in marks,
        default=_default(kind, default_text, options),
    )


def _kind(text: str) -> tuple[Kind, str, int | None, tuple[str, ...]]:
    if text == "[Change]":
        return "changes", "Change", None, ()
    if text.startswith(">"):
        return "ref", text[1:], None, ()
    if text == "[text]":
        return "texts", "", None, ()
    if text.startswith("["):
        return "refs", text[1:-1], None, ()
    if text.startswith("text"):
        return "text", "", int(text[4:]) if text[4:] else None, ()
    if "|" in text:
        return "enum", "", None, tuple(text.split("|"))
    return _PLAIN[text], "", None, ()


def _default(kind: Kind, text: str | None, options: tuple[str, ...]) -> Any:
    if text is not None:
        if kind == "bool":
            return text == "true"
        return int(text) if kind in ("int", "long") else (None if text == "null" else text)
    match kind:
        case "long" | "int" | "number":
            return 0
        case "bool":
            return False
        case "text":
            return ""
        case "enum":
            return options[0]
        case "refs" | "texts" | "changes":
            return []
        case _:
            return None


_PLAIN: dict[str, Kind] = {
    "long": "long",
    "int": "int",
    "number": "number",
    "bool": "bool",
    "date": "date",
}
_TOKEN = re.compile(r"(\w+)(?::([^=!~]+))?(?:=([^!~]*))?([!~]*)")

_ADDRESS = """
    addressLine1:text255 addressLine2:text255 postalCode:text100 city:text100 country:>Country
    displayName! addressAsString! displayNameInklMatrikkel! knr:int gnr:int bnr:int fnr:int snr:int
    unitNumber:text255
"""
_BASE = "id:long version:int changes:[Change]!~ url! "

_TABLES: dict[str, tuple[str, str]] = {
    "Customer": (
        "customer",
        """
        name:text255 organizationNumber:text100 globalLocationNumber:long supplierNumber:int
        customerNumber:int isSupplier:bool isCustomer:bool=true! isInactive:bool
        accountManager:>Employee department:>Department email:text254 invoiceEmail:text254
        overdueNoticeEmail:text254 bankAccounts:[text]~ phoneNumber:text100 phoneNumberMobile:text100
        description language:NO|EN displayName isPrivateIndividual:bool singleCustomerInvoice:bool
        invoiceSendMethod:EMAIL|EHF|EFAKTURA|AVTALEGIRO|VIPPS|PAPER|MANUAL
        emailAttachmentType:ATTACHMENT|LINK postalAddress:>Address physicalAddress:>Address
        deliveryAddress:>DeliveryAddress category1:>CustomerCategory category2:>CustomerCategory
        category3:>CustomerCategory invoicesDueIn:int=14
        invoicesDueInType:DAYS|MONTHS|RECURRING_DAY_OF_MONTH currency:>Currency
        bankAccountPresentation:[CompanyBankAccountPresentation] ledgerAccount:>Account
        isFactoring:bool invoiceSendSMSNotification:bool invoiceSMSNotificationNumber
        isAutomaticSoftReminderEnabled:bool isAutomaticReminderEnabled:bool
        isAutomaticNoticeOfDebtCollectionEnabled:bool discountPercentage:number website
        """,
    ),
    "Address": ("address", _ADDRESS),
    "DeliveryAddress": ("deliveryAddress", _ADDRESS + "name:text100 customerVendor:>Company"),
    "CustomerCategory": (
        "customer/category",
        "name:text255 number:text100 description type:int displayName",
    ),
    "Contact": (
        "contact",
        """
        firstName:text100 lastName:text100 displayName email:text100 phoneNumberMobileCountry:>Country
        phoneNumberMobile:text100 phoneNumberWork:text100 customer:>Customer department:>Department
        isInactive:bool
        """,
    ),
    "Order": (
        "order",
        """
        customer:>Customer contact:>Contact attn:>Contact displayName! receiverEmail:text254
        overdueNoticeEmail:text254 number:text100 reference:text255 ourContact:>Contact~
        ourContactEmployee:>Employee~ department:>Department orderDate:date project:>Project
        invoiceComment internalComment:text~ currency:>Currency invoicesDueIn:int=14
        status:NOT_CHOSEN|NEW|CONFIRMATION_SENT|READY_FOR_PICKING|PICKED|PACKED|READY_FOR_SHIPPING|READY_FOR_INVOICING|INVOICED|CANCELLED~
        invoicesDueInType:DAYS|MONTHS|RECURRING_DAY_OF_MONTH isShowOpenPostsOnInvoices:bool isClosed:bool
        deliveryDate:date deliveryAddress:>DeliveryAddress deliveryComment
        isPrioritizeAmountsIncludingVat:bool orderLineSorting:PRODUCT|ID|PRODUCT_DESCENDING|CUSTOM
        orderGroups:[OrderGroup] orderLines:[OrderLine] isSubscription:bool subscriptionDuration:int
        subscriptionDurationType:MONTHS|YEAR subscriptionPeriodsOnInvoice:int
        subscriptionPeriodsOnInvoiceType:MONTHS|MONTHS!
        subscriptionInvoicingTimeInAdvanceOrArrears:ADVANCE|ARREARS
        subscriptionInvoicingTime:int subscriptionInvoicingTimeType:MONTHS|DAYS
        isSubscriptionAutoInvoicing:bool preliminaryInvoice:>Invoice attachment:[Document]!
        sendMethodDescription canCreateBackorder:bool!~ invoiceOnAccountVatHigh:bool
        totalInvoicedOnAccountAmountAbsoluteCurrency:number! invoiceSendSMSNotification:bool!
        invoiceSMSNotificationNumber:text100 markUpOrderLines:number discountPercentage:number
        customerName! projectManagerNameAndNumber! travelReports:[TravelExpense]!
        accountingDimensionValues:[AccountingDimensionValue]!
        """,
    ),
    "OrderLine": (
        "order/orderline",
        """
        product:>Product inventory:>Inventory inventoryLocation:>InventoryLocation~ description
        displayName! count:number unitCostCurrency:number unitPriceExcludingVatCurrency:number
        currency:>Currency markup:number discount:number vatType:>VatType
        amountExcludingVatCurrency:number! amountIncludingVatCurrency:number! vendor:>Company
        order:>Order unitPriceIncludingVatCurrency:number isSubscription:bool
        subscriptionPeriodStart:text=null subscriptionPeriodEnd:text=null orderGroup:>OrderGroup
        sortIndex:int isPicked:bool pickedDate:date orderedQuantity:number isCharged:bool
        """,
    ),
    "Invoice": (
        "invoice",
        """
        invoiceNumber:int invoiceDate:date customer:>Customer creditedInvoice:long! isCredited:bool!
        invoiceDueDate:date kid:text25 invoiceComment! comment orders:[Order] orderLines:[OrderLine]!
        travelReports:[TravelExpense]! projectInvoiceDetails:[ProjectInvoiceDetails]! voucher:>Voucher
        deliveryDate:date! amount:number! amountCurrency:number! amountExcludingVat:number!
        amountExcludingVatCurrency:number! amountRoundoff:number! amountRoundoffCurrency:number!
        amountOutstanding:number! amountCurrencyOutstanding:number! amountOutstandingTotal:number!
        amountCurrencyOutstandingTotal:number! sumRemits:number! currency:>Currency isCreditNote:bool!
        isCharged:bool=true! isApproved:bool! postings:[Posting]! reminders:[Reminder]! invoiceRemarks
        invoiceRemark:>InvoiceRemark paymentTypeId:int~ paidAmount:number~
        isPeriodizationPossible:bool=true! documentId:int!
        ehfSendStatus:DO_NOT_SEND|SEND|SENT|SEND_FAILURE_RECIPIENT_NOT_FOUND~
        """,
    ),
    "PaymentType": (
        "invoice/paymentType",
        """
        description:text255 displayName debitAccount:>Account creditAccount:>Account vatType:>VatType
        sequence:int customer:>Customer supplier:>Supplier currencyId:int! currencyCode!
        """,
    ),
    "Product": (
        "product",
        """
        name:text255 number:text100 displayNumber! description orderLineDescription ean:text14
        elNumber:text14! nrfNumber:text14! costExcludingVatCurrency:number expenses:number
        expensesInPercent:number! costPrice:number! profit:number! profitInPercent:number!
        priceExcludingVatCurrency:number priceIncludingVatCurrency:number isInactive:bool
        discountGroup:>DiscountGroup productUnit:>ProductUnit isStockItem:bool stockOfGoods:number!~
        availableStock:number!~ incomingStock:number!~ outgoingStock:number!~ vatType:>VatType
        currency:>Currency department:>Department account:>Account discountPrice:number!
        supplier:>Supplier resaleProduct:>Product isDeletable:bool hasSupplierProductConnected:bool
        weight:number weightUnit:kg|g|hg volume:number volumeUnit:cm3|dm3|m3 hsnCode:text20
        image:>Document markupListPercentage:number! markupNetPercentage:number! displayName!
        mainSupplierProduct:>SupplierProduct isRoundPriceIncVat:bool! priceInTargetCurrency:number!
        purchasePriceCurrency:number! minStockLevel:number
        """,
    ),
    "VatType": (
        "ledger/vatType",
        """
        name:text255 number:text10 displayName percentage:number deductionPercentage:number
        parentType:>VatType
        """,
    ),
    "Company": (
        "company",
        """
        name:text255 displayName! startDate:date endDate:date organizationNumber:text100 email:text254
        phoneNumber:text100 phoneNumberMobile:text100 faxNumber:text100 address:>Address
        type:AS|NONE|ENK|NUF|ANS|DA|PRE|KS|ASA|BBL|BRL|GFS|SPA|SF|IKS|KF_FKF|FCD|EOFG|BA|STI|ORG|ESEK|SA|SAM|BO|VPFO|OS|FLI|Other
        currency:>Currency accountantOrSimilar:bool! companyMigration:NONE|AGRO!
        invoiceShowDeliveryDate:bool!
        """,
    ),
    "Employee": (
        "employee",
        """
        firstName:text100 lastName:text100 displayName! employeeNumber:text100 dateOfBirth:date
        email:text100 phoneNumberMobileCountry:>Country phoneNumberMobile:text100
        phoneNumberHome:text100 phoneNumberWork:text100 nationalIdentityNumber:text100 dnumber:text11
        internationalId:>InternationalId bankAccountNumber:text100 iban bic creditorBankCountryId:int
        usesAbroadPayment:bool userType:STANDARD|EXTENDED|NO_ACCESS allowInformationRegistration:bool=true!
        isContact:bool isProxy:bool! comments address:>Address department:>Department
        employments:[Employment] holidayAllowanceEarned:>HolidayAllowanceEarned
        employeeCategory:>EmployeeCategory isAuthProjectOverviewURL:bool! pictureId:int! companyId:int!
        vismaConnect2FAactive:bool!
        """,
    ),
    "Entitlement": (
        "employee/entitlement",
        "employee:>Employee name! entitlementId:int customer:>Company",
    ),
    "Country": (
        "country",
        "name! displayName! isoAlpha2Code! isoAlpha3Code:text3! isoNumericCode!",
    ),
    "Currency": (
        "currency",
        "code:text10 description:text100 factor:int=1 displayName isDisabled:bool",
    ),
    "Department": (
        "department",
        """
        name:text255 departmentNumber:text100 departmentManager:>Employee displayName! isInactive:bool
        businessActivityTypeId:int!
        """,
    ),
    "Posting": (
        "ledger/posting",
        """
        voucher:>Voucher date:date description account:>Account amortizationAccount:>Account
        amortizationStartDate:date amortizationEndDate:date customer:>Customer supplier:>Supplier
        employee:>Employee project:>Project product:>Product department:>Department vatType:>VatType
        amount:number amountCurrency:number amountGross:number amountGrossCurrency:number
        currency:>Currency closeGroup:>CloseGroup invoiceNumber:text100 termOfPayment:date row:int
        type:OUTGOING_INVOICE_CUSTOMER_POSTING|INCOMING_PAYMENT|INCOMING_PAYMENT_OPPOSITE|INCOMING_INVOICE_CUSTOMER_POSTING|INVOICE_EXPENSE|WAGE!
        externalRef:text100! systemGenerated:bool! taxTransactionType! taxTransactionTypeId:int!
        matched:bool! quantityAmount1:number quantityType1:>ProductUnit quantityAmount2:number
        quantityType2:>ProductUnit isVatReadonly:bool! isAmountVatClosed:bool! postingRuleId:int
        freeAccountingDimension1:>AccountingDimensionValue
        freeAccountingDimension2:>AccountingDimensionValue
        freeAccountingDimension3:>AccountingDimensionValue asset:>Asset
        """,
    ),
}

_OPAQUE_PATHS = {
    "Account": "ledger/account",
    "Voucher": "ledger/voucher",
    "OrderGroup": "order/orderGroup",
    "ProjectInvoiceDetails": "invoice/details",
    "ConsumerToken": "token/consumer",
    "EmployeeToken": "token/employee",
}

ENTITIES: dict[str, Entity] = {
    name: Entity(name, path, _fields(_BASE + text)) for name, (path, text) in _TABLES.items()
}
ENTITIES["Change"] = Entity("Change", "", _fields("employeeId:long! timestamp! changeType!"))
ENTITIES["LoggedInUserInfo"] = Entity(
    "LoggedInUserInfo",
    "",
    _fields(
        """
        employeeId:int! actualEmployeeId:long! employee:>Employee companyId:int! company:>Company
        language! loggedInWithConnect:bool! employeeIsProxy:bool!
        """
    ),
)
