// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {InvariantTest, Test} from "./Vm.sol";
import {CoveyToken} from "../../contracts/token/CoveyToken.sol";
import {Ledger} from "../../contracts/custody/Ledger.sol";

/// @notice Accounts and engines that move money at random, also more than there is.
contract LedgerHandler is Test {
    Ledger internal immutable ledger;
    address[3] public accounts;
    address[2] public engines;
    uint256 public paidIn;
    uint256 public paidOut;
    uint256 public burnt;

    constructor(Ledger ledger_, address[3] memory accounts_, address[2] memory engines_) {
        ledger = ledger_;
        accounts = accounts_;
        engines = engines_;
    }

    function deposit(uint256 from, uint256 to, uint256 amount) external {
        uint96 wei_ = uint96(bound(amount, 1, 1e21));
        vm.prank(accounts[from % 3]);
        ledger.depositFor(accounts[to % 3], wei_);
        paidIn += wei_;
    }

    function approve(uint256 who, uint256 engine, uint256 ceiling) external {
        vm.prank(accounts[who % 3]);
        ledger.approve(engines[engine % 2], ceiling % 2 == 0 ? type(uint96).max : uint96(bound(ceiling, 0, 1e21)));
    }

    function charge(uint256 engine, uint256 payer, uint256 id, uint256 amount) external {
        uint256 credit = ledger.creditOf(accounts[payer % 3]);
        vm.prank(engines[engine % 2]);
        ledger.charge(accounts[payer % 3], id % 2, uint96(bound(amount, 0, credit + 1)));
    }

    function pay(uint256 engine, uint256 id, uint256 to, uint256 amount) external {
        uint256 held = ledger.bucketOf(engines[engine % 2], id % 2);
        vm.prank(engines[engine % 2]);
        ledger.pay(id % 2, accounts[to % 3], uint96(bound(amount, 0, held + 1)));
    }

    function burn(uint256 engine, uint256 id, uint256 amount) external {
        uint256 held = ledger.bucketOf(engines[engine % 2], id % 2);
        uint96 wei_ = uint96(bound(amount, 0, held + 1));
        vm.prank(engines[engine % 2]);
        ledger.burn(id % 2, wei_);
        burnt += wei_;
    }

    function claim(uint256 who, uint256 amount) external {
        uint256 credit = ledger.creditOf(accounts[who % 3]);
        uint96 wei_ = uint96(bound(amount, 0, credit + 1));
        vm.prank(accounts[who % 3]);
        ledger.claim(wei_);
        paidOut += wei_;
    }
}

contract LedgerInvariants is InvariantTest {
    CoveyToken private token;
    Ledger private ledger;
    LedgerHandler private handler;
    address[3] private accounts;
    address[2] private engines;

    function setUp() public {
        token = new CoveyToken(address(this), 1e27);
        ledger = new Ledger(token);
        (engines[0],) = account("engine");
        (engines[1],) = account("machine");
        string[3] memory names = ["alice", "bob", "carol"];
        for (uint256 i = 0; i < 3; ++i) {
            (accounts[i],) = account(names[i]);
            token.transfer(accounts[i], 3e26);
            vm.prank(accounts[i]);
            token.approve(address(ledger), type(uint256).max);
        }
        handler = new LedgerHandler(ledger, accounts, engines);
        _target(address(handler));
    }

    function invariant_I2_I4_balanceIsBucketsPlusCreditsAndInflow() public view {
        uint256 held;
        for (uint256 i = 0; i < 3; ++i) {
            held += ledger.creditOf(accounts[i]);
        }
        for (uint256 i = 0; i < 4; ++i) {
            held += ledger.bucketOf(engines[i / 2], i % 2);
        }
        vm.assertEq(token.balanceOf(address(ledger)), held, "I-2");
        vm.assertEq(held, handler.paidIn() - handler.paidOut() - handler.burnt(), "I-4");
    }

    /// I-18: after any history engines pay out their buckets, everybody takes all its credit, and nothing stays behind.
    function afterInvariant() public {
        for (uint256 i = 0; i < 4; ++i) {
            address engine = engines[i / 2];
            uint96 held = ledger.bucketOf(engine, i % 2);
            vm.prank(engine);
            ledger.pay(i % 2, accounts[i % 3], held);
        }
        for (uint256 i = 0; i < 3; ++i) {
            uint96 credit = ledger.creditOf(accounts[i]);
            uint256 before = token.balanceOf(accounts[i]);
            if (credit == 0) continue;
            vm.prank(accounts[i]);
            ledger.claim();
            vm.assertEq(token.balanceOf(accounts[i]), before + credit);
        }
        vm.assertEq(token.balanceOf(address(ledger)), 0);
    }
}
